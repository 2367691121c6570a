"""A recipe for tests of the store and its artifacts."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Rows:
    """Writes a small folder; counts what the store asked of it."""

    published: Path
    values: dict = field(default_factory=dict)
    replaceable: bool = False
    text: str = "rows"
    kind: str = "candidates"
    reusable: tuple = ()
    wanted: tuple = ()
    made: int = 0
    reused: int = 0

    def inputs(self):
        return self.values

    def replaces(self, facts):
        return self.replaceable

    def holds(self, folder):
        return all((folder / name).exists() for name in self.wanted)

    def make(self, artifact):
        self.made += 1
        (artifact.folder / "rows.txt").write_text(self.text)
        (artifact.folder / "inner").mkdir(exist_ok=True)
        (artifact.folder / "inner" / "z.txt").write_text("deep")
        artifact.finish(candidates=3)

    def reuse(self, artifact):
        self.reused += 1


def forget(artifact):
    """As if the work on a finished artifact had been interrupted before its end."""
    for folder in (artifact.folder, artifact.published):
        (folder / "_done.json").unlink(missing_ok=True)
