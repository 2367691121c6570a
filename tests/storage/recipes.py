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
    made: int = 0
    reused: int = 0

    def inputs(self):
        return self.values

    def make(self, artifact):
        self.made += 1
        (artifact.folder / "part-00000.parquet").write_text(self.text)
        (artifact.folder / "inner").mkdir(exist_ok=True)
        (artifact.folder / "inner" / "z.txt").write_text("deep")
        artifact.finish(candidates=3)

    def reuse(self, artifact):
        self.reused += 1
