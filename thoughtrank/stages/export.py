"""Stage 6: the released model, as any tool loads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from thoughtrank.stages.round_models import RoundModel, has_weights
from thoughtrank.stages.stage import Stage
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.files import write_text
from thoughtrank.storage.json_files import read_json_object


def round_to_export(rounds: Sequence[Mapping[str, Any]], *, which: Literal["last", "best"]) -> int:
    """Number of the round whose model is released.

    Args:
        rounds: entries of ``summary.json``, round 0 first.
        which: the last one, or the one of the highest accuracy on the development questions; of equal ones the earliest, which
            took the least training; the last one where no development question has a reference answer.
    """
    accuracies = [] if which == "last" else [each["development_accuracy"] for each in rounds]
    if all(each is None for each in accuracies):
        return len(rounds) - 1
    return max(range(len(rounds)), key=lambda number: (accuracies[number] or 0.0, -number))


@dataclass(frozen=True, kw_only=True)
class Export(Stage):
    """The released Hugging Face folder: bf16 weights, tokenizer with its chat template, generation config, model card.

    It may be replaced: more rounds, or another choice of round, release another model under the same name.

    Attributes:
        model: to release.
        card: text of README.md.
        reply_tokens: default length of a generated reply, in tokens.
    """

    kind: ClassVar[str] = "exports"
    model: RoundModel
    card: str
    reply_tokens: int

    def inputs(self) -> dict[str, object]:
        """The model, its card, and the default length of a reply."""
        return {"model": self.model.key, "card": self.card, "reply_tokens": self.reply_tokens}

    def replaces(self, facts: Mapping[str, Any]) -> bool:
        """See ``Stage``: any other release."""
        return True

    def holds(self, folder: Path) -> bool:
        """Whether config and weights are whole."""
        return read_json_object(folder / "config.json") is not None and has_weights(folder)

    def make(self, artifact: Artifact) -> None:
        """Write the folder."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

        from thoughtrank.output.library_logging import silence_library_logs

        silence_library_logs()
        folder = self.model.folder()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
        model.generation_config = GenerationConfig(
            do_sample=False,
            max_new_tokens=self.reply_tokens,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        model.save_pretrained(artifact.folder)
        tokenizer.save_pretrained(artifact.folder)
        write_text(artifact.folder / "README.md", self.card)
        artifact.finish()
