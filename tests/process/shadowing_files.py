"""Files of a user's that are called like modules of Python, as they lie in many working folders."""

from pathlib import Path

NAMES = ("code", "copy", "queue", "random", "token", "types")


def write_shadowing_files(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.py").write_text(f"raise RuntimeError('{name}.py of the user')\n")
