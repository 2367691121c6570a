"""What a finished training control leaves for the summary."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """One variant of a control.

    Attributes:
        name, variant: which; the variant is None where there is only one.
        round_number: the round whose model it is compared with.
        metrics: what its ``5_evaluation.json`` holds.
        replies: folder of its table of replies.
        examples: number of training examples.
        training: facts of its last training.
        seconds: of its last training and its evaluation; of all its stages, if it generates candidates of its own.
        judge_tokens: of its win rates, and of its rankings if it ranks candidates of its own.
        judge_cost: US dollars, of the same calls; None where the price was unknown.
        win_rates: the figures of each judged comparison by its name; empty where nothing was compared.
    """

    name: str
    variant: str | None
    round_number: int
    metrics: Mapping[str, Any]
    replies: Path
    examples: int
    training: Mapping[str, Any]
    seconds: float
    judge_tokens: int = 0
    judge_cost: float | None = 0.0
    win_rates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Name and variant as one text."""
        return self.name if self.variant is None else f"{self.name}/{self.variant}"
