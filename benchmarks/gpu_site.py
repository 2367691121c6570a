"""Collect the packages that a bare GPU machine lacks into one folder, and print the command to run there: ``make gpu-check``.

The machine is expected to have Python 3.12 for x86-64 with torch, transformers, pytorch-lightning, peft and pyarrow, and no
network. What the check needs beyond them is installed into ``.cache/gpu_site``, in the versions of ``constraints.txt``.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "hydra-core",
    "omegaconf",
    "antlr4-python3-runtime",
    "pydantic",
    "pydantic_core",
    "annotated-types",
    "typing-inspection",
    "torch-optimi",
    "liger-kernel",
)
WITHOUT_WHEEL = ("antlr4-python3-runtime",)
"""Pure Python packages of which PyPI has the source only."""
PYTHON = "3.12"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
MAX_MEGABYTES = 40.0


def main() -> None:
    """Build the folder and print the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path, default=ROOT / ".cache" / "gpu_site")
    options = parser.parse_args()
    site: Path = options.site
    shutil.rmtree(site, ignore_errors=True)
    build_site(site)
    size = megabytes(site)
    if size > MAX_MEGABYTES:
        sys.exit(f"error: {site} has {size:.0f} MB, more than {MAX_MEGABYTES:.0f}")
    if foreign := foreign_extensions(site):
        sys.exit(f"error: not built for Python {PYTHON} on x86-64 Linux: {', '.join(map(str, foreign))}")
    folder = site.relative_to(ROOT) if site.is_relative_to(ROOT) else site
    print(f"{folder}: {size:.1f} MB. Copy it with the repository to the GPU machine, and run there:")
    print(f"PYTHONPATH={folder}:$PWD python3 benchmarks/gpu.py")


def build_site(site: Path) -> None:
    """Install the packages for the other machine's Python."""
    pins = pinned((ROOT / "constraints.txt").read_text())
    wheels = site.parent / "gpu_wheels"
    for name in WITHOUT_WHEEL:
        pip("wheel", "--no-deps", "--wheel-dir", str(wheels), pins[name])
    pip(
        *("install", "--no-deps", "--no-compile", "--target", str(site)),
        *("--python-version", PYTHON, "--implementation", "cp", "--only-binary=:all:"),
        *(word for platform in PLATFORMS for word in ("--platform", platform)),
        *("--find-links", str(wheels)),
        *pins.values(),
    )
    shutil.rmtree(site / "bin", ignore_errors=True)


def pinned(constraints: str) -> dict[str, str]:
    """Package name to requirement, such as ``pydantic==2.14.3``.

    Raises:
        KeyError: a package has no constraint.
    """
    lines = {line.partition("==")[0].lower(): line for line in constraints.splitlines() if "==" in line}
    return {name: lines[name.lower()] for name in PACKAGES}


def pip(*arguments: str) -> None:
    """Run pip."""
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)


def megabytes(folder: Path) -> float:
    """Size of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def foreign_extensions(site: Path) -> list[Path]:
    """Compiled modules that the other machine's Python does not load."""
    tag = re.compile(rf"\.cpython-{PYTHON.replace('.', '')}-x86_64-linux-gnu\.so$|\.abi3\.so$")
    return [path.relative_to(site) for path in site.rglob("*.so") if not tag.search(path.name)]


if __name__ == "__main__":
    main()
