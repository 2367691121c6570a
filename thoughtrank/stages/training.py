"""Stage 4: fine-tune on the examples, in a process of its own.

A launcher that re-runs the script for every extra device would generate, and pay the judge, in each copy; and a process that
ends gives all its memory back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.memory.device_fit import DeviceSettings
from thoughtrank.finetuning.protocols import Adapter, Objective, Optimizer, Strategy
from thoughtrank.output.terminal import print_text
from thoughtrank.stages.round_models import ModelStage, RoundModel
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.files import copy_file
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.line_log import read_json_lines


def _nothing() -> None:
    """What is called where nothing is to be freed."""


def _no_settings(folder: Path) -> DeviceSettings:
    """What ``auto`` means where nothing is known of the device."""
    return DeviceSettings(gradient_checkpointing=False, micro_batch_tokens=None)


@dataclass(frozen=True, kw_only=True)
class Training(ModelStage):
    """The fine-tuned model of one round. A job that was killed resumes from its last checkpoint.

    Attributes:
        start: model to start from.
        examples: tables to train on.
        objective, optimizer, adapter, strategy: the components.
        specs: their configs by group, each with ``_target_``; the training process makes them from these.
        settings: other fields of ``TrainingJob`` that can change the result.
        operational: other fields that cannot.
        nodes: the machines that train.
        settings_here: what ``auto`` means for a start model in a folder on the device that trains.
        steps: exact number of optimizer steps; None follows the settings.
        development: table of development examples, for early stopping; None keeps the last weights.
        free_devices: called before the job starts.
    """

    kind: ClassVar[str] = "models"
    start: RoundModel
    examples: Sequence[Artifact]
    objective: Objective
    optimizer: Optimizer
    adapter: Adapter
    strategy: Strategy
    specs: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    operational: Mapping[str, Any]
    nodes: MultiNodeTraining
    settings_here: Callable[[Path], DeviceSettings] = _no_settings
    steps: int | None = None
    development: Artifact | None = None
    free_devices: Callable[[], None] = _nothing

    def inputs(self) -> dict[str, object]:
        """The start model, the examples, the components and the settings, with ``precision=auto`` resolved."""
        return {
            "start": self.start.key,
            "examples": [artifact.key for artifact in self.examples],
            "objective": self.objective.identity(),
            "optimizer": self.optimizer.identity(),
            "adapter": self.adapter.identity(),
            "strategy": self.strategy.identity(),
            **self.settings,
            "precision": self.strategy.resolve_precision(self.settings["precision"], weights=self.settings["weights"]),
            "steps": self.steps,
            "development": self.development and self.development.key,
        }

    def make(self, artifact: Artifact) -> None:
        """Run the training job.

        Raises:
            UserError: training failed; the model of the previous round is untouched.
        """
        folder = artifact.folder.absolute()
        fields: dict[str, Any] = {
            "model": str(self.start.folder().absolute()),
            "examples": tuple(str(each.folder.absolute()) for each in self.examples),
            "output": str(folder),
            "work": str(folder),
            "description": self.name,
            **self.specs,
            **self.settings,
            **self.operational,
            "steps": self.steps,
            "development": self.development and str(self.development.folder.absolute()),
        }
        if "auto" in (fields["gradient_checkpointing"], fields.get("micro_batch_tokens")):
            chosen = self.settings_here(self.start.folder())
            print_text(f"{self.name}: {chosen.text()}")
            fields |= asdict(chosen)
        job_file = folder / "_job.yaml"
        TrainingJob(**fields).write(job_file)
        self.free_devices()
        self.nodes.train(job_file, devices=self.strategy.devices)
        artifact.finish(**read_json(folder / "_training.json"))


@dataclass(frozen=True, kw_only=True)
class KeptModel(ModelStage):
    """The model of a round without examples: a copy of the one it started from.

    Attributes:
        start: model to keep.
    """

    kind: ClassVar[str] = "models"
    start: RoundModel

    def inputs(self) -> dict[str, object]:
        """The kept model."""
        return {"kept": self.start.key}

    def make(self, artifact: Artifact) -> None:
        """Copy the folder."""
        for path in self.start.folder().iterdir():
            if not path.name.startswith("_") and path.is_file():
                copy_file(path, artifact.folder / path.name)
        artifact.finish(kept=True)


def training_curve(folder: Path) -> list[dict[str, float]]:
    """The logged steps of one training, each once: after a resume the later row of a step counts."""
    rows = {row["step"]: row for row in read_json_lines(folder / "_metrics.jsonl")}
    return [rows[step] for step in sorted(rows)]
