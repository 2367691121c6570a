"""What differs between a run that was disturbed and one that was not."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

STAGES = ("model", "evaluations", "candidates", "rankings", "examples", "models", "exports")
"""Folders of the cache."""
NAMES = {
    "model": "base model",
    "evaluations": "evaluation",
    "candidates": "generation",
    "rankings": "ranking",
    "examples": "selection",
    "models": "training",
    "exports": "export",
}
_TRACEBACK = "Traceback (most recent call last)"
_VARYING = {"seconds", "judge_cost", "run", "export"}
"""Figures of ``summary.json`` that depend on time, on calls whose reply was lost, or on names."""


def differences(ours: Path, theirs: Path) -> list[str]:
    """One sentence per table, weight file, figure or verdict that differs between two run folders."""
    found = [*_of_tables(ours, theirs), *_of_weights(ours, theirs), *_of_verdicts(ours, theirs)]
    for path in sorted(theirs.rglob("5_evaluation.json")):
        name = path.relative_to(theirs)
        if _json(ours / name) != _json(path):
            found.append(f"{name} differs")
    if _figures(ours / "summary.json") != _figures(theirs / "summary.json"):
        found.append("summary.json differs")
    missing = _names(theirs) - _names(ours)
    return [*found, *(f"{name} is missing" for name in sorted(missing))]


def tables(run: Path) -> dict[str, list[dict[str, Any]] | None]:
    """Every table of a run by its path; None for one that cannot be read."""
    folders = sorted({path.parent for path in run.rglob("part-*.parquet")})
    return {str(folder.relative_to(run)): _rows(folder) for folder in folders}


def unfinished_stage(cache: Path) -> str | None:
    """The name of the stage that a killed run was working on; None between stages."""
    for kind in reversed(STAGES):
        for folder in (cache / kind).glob("*"):
            if (folder / "_lock").exists() and not (folder / "_done.json").exists():
                return NAMES[kind]
    return None


def times_of_parts(cache: Path) -> dict[Path, int]:
    """When each finished part of generation and evaluation was written, in nanoseconds."""
    found = {}
    for kind in ("candidates", "evaluations"):
        for path in (cache / kind).glob("*/part-*.parquet"):
            found[path] = path.stat().st_mtime_ns
    return found


def lines_of_tracebacks(output: str) -> list[str]:
    """The error line of each traceback in a text."""
    found = []
    for text in output.split(_TRACEBACK)[1:]:
        lines = [line for line in text.splitlines()[1:] if line and not line.startswith((" ", "\t"))]
        found.append(lines[0][:300] if lines else "a traceback")
    return found


def _of_tables(ours: Path, theirs: Path) -> list[str]:
    left, right = tables(ours), tables(theirs)
    return [f"the table {name} differs" for name in right if left.get(name) != right[name]]


def _of_weights(ours: Path, theirs: Path) -> list[str]:
    names = [path.relative_to(theirs) for path in sorted(theirs.rglob("*.safetensors"))]
    return [f"{name} differs" for name in names if _bytes(ours / name) != _bytes(theirs / name)]


def _of_verdicts(ours: Path, theirs: Path) -> list[str]:
    found = []
    for path in sorted(theirs.rglob("_verdicts.jsonl")):
        name = path.relative_to(theirs)
        left, right = _keys(ours / name), _keys(path)
        if sorted(left) != sorted(right):
            found.append(f"{name} has {len(left)} verdicts, {len(set(left))} different, instead of {len(right)}")
    return found


def _keys(path: Path) -> list[str]:
    if not path.exists():
        return []
    keys = []
    for line in path.read_bytes().split(b"\n"):
        try:
            keys.append(str(json.loads(line)["key"]))
        except (ValueError, KeyError, TypeError):
            continue
    return keys


def _figures(path: Path) -> object:
    summary = _json(path)
    if not isinstance(summary, dict):
        return summary
    rounds = [{name: each for name, each in entry.items() if name not in _VARYING} for entry in summary["rounds"]]
    return {**{name: each for name, each in summary.items() if name not in _VARYING}, "rounds": rounds}


def _names(run: Path) -> set[str]:
    """Files that every finished run has."""
    paths = (path for path in run.rglob("*") if path.is_file())
    return {str(path.relative_to(run)) for path in paths if path.name not in ("_lock", "run.log")}


def _rows(folder: Path) -> list[dict[str, Any]] | None:
    try:
        rows: list[dict[str, Any]] = parquet.read_table(folder).to_pylist()
    except (OSError, pa.ArrowException):
        return None
    return rows


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
