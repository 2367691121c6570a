"""Models that are copies of a folder: nothing is downloaded, built or trained."""

import shutil
from pathlib import Path

from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.finetuning.distributed.rendezvous import Rendezvous
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.instantiate import Component
from thoughtrank.models.protocol import ModelFacts, ModelSource
from thoughtrank.storage.json_files import write_json


class CopiedModel(Component, ModelSource):
    """A base model that is copied from a folder.

    Attributes:
        written: how often.
    """

    def __init__(self, *, folder: str) -> None:
        self.folder = folder
        self.written = 0

    def facts(self) -> ModelFacts:
        return ModelFacts(name="a copied model", license="apache-2.0")

    def write(self, folder: Path) -> None:
        self.written += 1
        _copy(Path(self.folder), folder)


class CopyingTraining(MultiNodeTraining):
    """Trainings that give the model they start from.

    Attributes:
        jobs: the training jobs, in order.
    """

    def __init__(self, rendezvous: Rendezvous | None = None) -> None:
        super().__init__(rendezvous or Rendezvous.find({}, num_nodes=1))
        self.jobs: list[TrainingJob] = []

    def train(self, job_file: Path, *, devices: int) -> None:
        job = TrainingJob.read(job_file)
        self.jobs.append(job)
        _copy(Path(job.model), Path(job.output))
        write_json(Path(job.work) / "_training.json", {"steps": 3, "devices": devices})


def _copy(source: Path, target: Path) -> None:
    for path in source.iterdir():
        if path.is_file() and not path.name.startswith("_"):
            shutil.copy2(path, target / path.name)
