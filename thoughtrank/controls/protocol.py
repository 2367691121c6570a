"""What a training control is: the same trainings on other examples, from the candidates of the run or from others."""

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.instantiate import Component
from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.records import Candidate, Question, RankedCandidate


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedQuestion:
    """A training question from which the run has selected examples.

    Attributes:
        question: the question.
        candidates: all of it.
        ranking: one row for each of them, in the same order.
        selected: those that became examples, in the order of selection.
    """

    question: Question
    candidates: Sequence[Candidate]
    ranking: Sequence[RankedCandidate]
    selected: Sequence[Candidate]


class Control(ABC):
    """One variant of a training control; it inherits from one of the two classes below.

    Attributes:
        name: in the config, the run folder and the summary.
        variant: which one, for a control with several; else None.
        arms: the evaluation arms that make sense for its model.
        equal_steps: its fewer examples are repeated for as many optimizer steps as the run trained, with early stopping.
    """

    name: ClassVar[str]
    variant: ClassVar[str | None] = None
    arms: ClassVar[tuple[ArmName, ...]]
    equal_steps: ClassVar[bool] = False

    @property
    def folder_names(self) -> tuple[str, ...]:
        """Of its folder in that of a round: name and variant."""
        return (self.name,) if self.variant is None else (self.name, self.variant)

    @property
    def title(self) -> str:
        """Name and variant, such as ``answers_only/pairs``."""
        return "/".join(self.folder_names)

    def asked_in(self, arms: Sequence[ArmName]) -> tuple[ArmName, ...]:
        """Those of the run's ``arms`` that make sense for its model."""
        return tuple(arm for arm in arms if arm in self.arms)


class ExamplesControl(Control, Component):
    """Chooses other examples from the candidates of the run."""

    @abstractmethod
    def choose(self, question: SelectedQuestion, *, rng: random.Random) -> list[Candidate]:
        """The candidates of one question to train on, as they are trained on.

        Args:
            question: with at least one selected candidate.
            rng: of this question.
        """
        ...


class CandidatesControl(Control):
    """Generates candidates of its own; these are ranked, chosen and trained on as those of the run are.

    Stages hash its ``Prefix`` records themselves, so it has no identity.
    """

    @abstractmethod
    def prefixes(self, *, count: int, seed: int) -> tuple[Prefix, ...]:
        """How its thoughts begin.

        Args:
            count: prefixes of the run: so many candidates every question has.
            seed: of the run.
        """
        ...


def usable(question: SelectedQuestion) -> list[Candidate]:
    """The candidates that an example can be made of: complete, well-formed and with an answer, or selected all the same."""
    selected = {each.candidate_id for each in question.selected}
    return [each for each in question.candidates if each.candidate_id in selected or _is_complete(each)]


def draw(candidates: Sequence[Candidate], *, number: int, rng: random.Random) -> list[Candidate]:
    """So many different candidates, or all if there are fewer."""
    return rng.sample(list(candidates), min(number, len(candidates)))


def _is_complete(candidate: Candidate) -> bool:
    complete = candidate.thought_finish == candidate.answer_finish == "stop"
    return complete and not candidate.is_malformed and bool(candidate.answer.strip())
