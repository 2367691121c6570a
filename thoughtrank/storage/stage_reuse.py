"""The artifact store of one run: decides whether a stage has to run, and runs it at most once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.fingerprint import fingerprint
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.locks import exclusive
from thoughtrank.storage.run_paths import RunPaths

BASE_MODEL = "model"


class Recipe(Protocol):
    """What an artifact is made from, and how: the part of a stage that the store needs."""

    @property
    def kind(self) -> str:
        """Folder of the cache: ``candidates``, ``rankings``, ..."""
        ...

    @property
    def published(self) -> Path:
        """Where the artifact appears in the run folder."""
        ...

    def inputs(self) -> dict[str, object]:
        """Everything the result depends on, as JSON values."""
        ...

    @property
    def reusable(self) -> tuple[str, ...]:
        """Patterns of files that ``make`` can resume from, if a finished artifact has lost others."""
        ...

    def replaces(self, facts: Mapping[str, Any]) -> bool:
        """Whether it may replace an artifact of other inputs, with these facts, in the run folder."""
        ...

    def holds(self, folder: Path) -> bool:
        """Whether a finished folder has everything that is wanted of it, beside its table."""
        ...

    def make(self, artifact: Artifact) -> None:
        """Do the work in ``artifact.folder``, and finish the artifact; called with its lock held."""
        ...

    def reuse(self, artifact: Artifact) -> None:
        """Called in place of ``make`` when the artifact is complete already."""
        ...


class Store:
    """Artifacts of one run.

    Args:
        run_folder: ``runs/<run>``.
        cache_folder: finished artifacts, shared by all runs.
    """

    def __init__(self, *, run_folder: Path, cache_folder: Path) -> None:
        self.paths = RunPaths(run_folder)
        self.cache_folder = cache_folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run exclusively; waits while another process works on it. The lock ends with the process."""
        run = self.paths.folder
        with exclusive(run, waiting=f"another process is working on run {run.name} already: waiting for it"):
            yield

    def artifact(self, recipe: Recipe) -> Artifact:
        """The artifact of ``recipe``, complete or not."""
        key = fingerprint(kind=recipe.kind, **recipe.inputs())
        folder = self.cache_folder / recipe.kind / key
        return Artifact(
            folder=folder,
            published=recipe.published,
            key=key,
            replaces=recipe.replaces,
            holds=recipe.holds,
            reusable=recipe.reusable,
        )

    def complete(self, recipe: Recipe) -> Artifact:
        """The artifact of ``recipe``, made unless it is complete already, and published in the run folder.

        Raises:
            UserError: the run folder holds an artifact of other inputs; a disk is full; or what ``make`` raises.
        """
        artifact = self.artifact(recipe)
        artifact.check_published()
        with full_disk_as_user_error(artifact.folder):
            _make(recipe, artifact)
        with full_disk_as_user_error(artifact.published):
            artifact.publish()
        return artifact

    def complete_in_cache(self, recipe: Recipe) -> Artifact:
        """The artifact of ``recipe``, made or restored in the cache, while the run folder stays as it is.

        Raises:
            UserError: a disk is full; or what ``make`` raises.
        """
        artifact = self.artifact(recipe)
        with full_disk_as_user_error(artifact.folder):
            _make(recipe, artifact)
            artifact.restore()
        return artifact


def _make(recipe: Recipe, artifact: Artifact) -> None:
    if artifact.done:
        recipe.reuse(artifact)
        return
    with artifact.locked():
        # Another run may have made it while this one waited for the lock.
        if artifact.done:
            recipe.reuse(artifact)
        else:
            artifact.begin()
            recipe.make(artifact)


def base_model_folder(cache_folder: Path, identity: Mapping[str, object]) -> Path:
    """Where the cache keeps the base model whose source has this ``identity``."""
    return cache_folder / BASE_MODEL / fingerprint(kind=BASE_MODEL, **identity)
