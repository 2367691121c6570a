"""Folders of the checkout."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
HOOKS = Path(__file__).parent / "hooks"
