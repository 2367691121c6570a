"""The pages of the documentation, and the folders that they are about."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "thoughtrank"
CONF = ROOT / "conf"
DOCS = ROOT / "docs"
PAGES = [
    *sorted(DOCS.rglob("*.md")),
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "experiments").rglob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
]
README = ROOT / "README.md"
TEXTS = [*PAGES, README]

GROUPS = sorted({path.parent.name for path in CONF.glob("*/*.yaml")} - {"experiment"})
