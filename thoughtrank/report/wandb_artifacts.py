"""Artifacts of a W&B run: the tables and the model of every round, each with the names of what it was made from."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from thoughtrank.report.loggers import StageOutput
from thoughtrank.storage.done_marker import read_done
from thoughtrank.storage.files import PARTIAL

if TYPE_CHECKING:
    import wandb

MODEL = "model"
_WEIGHTS = ".safetensors"
_NOT_IN_NAME = r"[^A-Za-z0-9_.-]"
"""Characters that W&B refuses in names of artifacts."""


def log_output(run: "wandb.Run", output: StageOutput, *, upload_weights: bool) -> None:
    """Log one output of a stage as an artifact: type ``dataset`` or ``model``, alias ``round-1`` and so on.

    W&B draws its lineage through runs, so that what a later stage reads is also an input of the run. Offline, ``use_artifact``
    raises; the flag ``use_after_commit`` of the same record makes the server do it when the run is synchronised. The exact
    names of the inputs are in the metadata.

    Args:
        run: that has begun.
        output: its folder has its final files, which nobody changes.
        upload_weights: whether the weights are uploaded, too. Otherwise the artifact refers to the file on this machine.
    """
    import wandb

    marker = read_done(output.folder)
    metadata = {
        "round": output.round_number,
        "fingerprint": None if marker is None else marker.fingerprint,
        "made_from": [f"{artifact_name(name, run_id=run.id)}:{_alias(number)}" for name, number in output.made_from],
    }
    kind = MODEL if output.name == MODEL else "dataset"
    artifact = wandb.Artifact(artifact_name(output.name, run_id=run.id), type=kind, metadata=metadata)
    for path in _files(output.folder):
        name = path.relative_to(output.folder).as_posix()
        if path.suffix != _WEIGHTS:
            # Not copied: a published file is never opened for writing.
            artifact.add_file(str(path.resolve()), name=name, policy="immutable", skip_cache=True)
        elif upload_weights:
            artifact.add_file(str(path.resolve()), name=name, policy="mutable", skip_cache=True)
        else:
            artifact.add_reference(path.resolve().as_uri(), name=name, checksum=False)
    run._log_artifact(artifact, aliases=["latest", _alias(output.round_number)], use_after_commit=kind != MODEL)


def artifact_name(name: str, *, run_id: str) -> str:
    """Of an output of a run, as ``model-quickstart``: its versions are the rounds.

    A run id with a character that W&B refuses is followed by a hash, so that two ids never have the same name.
    """
    allowed = re.sub(_NOT_IN_NAME, "-", run_id)
    if allowed != run_id:
        allowed += f"-{hashlib.sha256(run_id.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return f"{name}-{allowed}"


def _alias(round_number: int) -> str:
    return f"round-{round_number}"


def _files(folder: Path) -> Iterator[Path]:
    """The finished files; not those of an interrupted training, nor locks."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if path.is_file() and inside[0] != "_checkpoint" and path.suffix not in (PARTIAL, ".lock"):
            yield path
