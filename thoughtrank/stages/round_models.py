"""The models of a run, each with its fingerprint and a folder that is made on demand."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from thoughtrank.models.protocol import ModelSource
from thoughtrank.output.terminal import print_text
from thoughtrank.stages.stage import Stage
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.json_files import read_json_object
from thoughtrank.storage.stage_reuse import Store, base_model_folder
from thoughtrank.storage.weight_files import is_whole


@dataclass(frozen=True, kw_only=True)
class ModelStage(Stage):
    """A stage that writes a model folder.

    Attributes:
        keep_weights: whether the artifact is complete only with its weights; without, ``keep`` may have deleted them.
    """

    keep_weights: bool = True

    def holds(self, folder: Path) -> bool:
        """Whether the weights are there, if they are wanted."""
        return not self.keep_weights or has_weights(folder)


@dataclass(frozen=True, kw_only=True)
class RoundModel:
    """The model after one round.

    Attributes:
        stage: writes its folder.
        store: of the run.
        kept_from: the model of an earlier round, if this round kept it for lack of examples.
    """

    stage: ModelStage
    store: Store
    kept_from: "RoundModel | None" = None

    @property
    def key(self) -> str:
        """Fingerprint of everything the model was made from."""
        return self.kept_from.key if self.kept_from else self.store.artifact(self.stage).key

    def folder(self) -> Path:
        """The folder with its weights, which are made first if they are missing: not made yet, or deleted by ``keep``."""
        if self.kept_from:
            return self.kept_from.folder()
        artifact = self.store.complete(self.stage)
        if has_weights(artifact.folder):
            return artifact.folder
        # The run folder keeps what it has: metrics of its model may be there already.
        return self.store.complete_in_cache(replace(self.stage, keep_weights=True)).folder

    def delete_weights(self) -> None:
        """Free the disk: weights and checkpoints, in the cache and in the run folder."""
        artifact = self.store.artifact(self.stage)
        for folder in (artifact.folder, artifact.published):
            for path in folder.glob("*.safetensors"):
                path.unlink()
            shutil.rmtree(folder / "_checkpoint", ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class BaseModel(ModelStage):
    """The model of round 0, as a plain Hugging Face folder in the cache. Not part of the run folder."""

    kind: ClassVar[str] = "model"
    source: ModelSource

    @classmethod
    def of(cls, source: ModelSource, *, store: Store) -> RoundModel:
        """The base model of a run, not made yet."""
        folder = base_model_folder(store.cache_folder, source.identity())
        return RoundModel(stage=cls(name="base model", published=folder, source=source), store=store)

    def inputs(self) -> dict[str, object]:
        """What the model source is."""
        return self.source.identity()

    def make(self, artifact: Artifact) -> None:
        """Write the folder."""
        from thoughtrank.output.library_logging import silence_library_logs

        print_text("preparing the base model")
        silence_library_logs()
        self.source.write(artifact.folder)
        artifact.finish()


def has_weights(folder: Path) -> bool:
    """Whether a model folder still holds all of its weights, and all are whole (``keep`` may have deleted them)."""
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        files = list(folder.glob("*.safetensors"))
    else:
        shards = (read_json_object(index) or {}).get("weight_map", {})
        files = [folder / name for name in set(shards.values())]
    return bool(files) and all(map(is_whole, files))


def delete_weights(models: Sequence[RoundModel], *, keep: str) -> None:
    """Delete the weights that ``keep`` does not name; tables, metrics and the export stay.

    Args:
        models: of all rounds, the base model first; its weights stay.
        keep: ``all``, ``last`` or ``none``.
    """
    if keep == "all":
        return
    for model in models[1:]:
        if keep == "none" or model.key != models[-1].key:
            model.delete_weights()


def keeps_weights(round_number: int, *, rounds: int, keep: str) -> bool:
    """Whether the weights of a round are wanted when a run of so many ``rounds`` has finished."""
    return keep == "all" or (keep == "last" and round_number == rounds)
