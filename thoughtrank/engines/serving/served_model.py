"""Which model the completions servers have, and whether its weights are those of the round."""

import filecmp
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from thoughtrank.errors import UserError
from thoughtrank.http_api.model_list import ServedModel
from thoughtrank.output.terminal import print_warning


class CheckedModel(NamedTuple):
    """The model that requests will name.

    Attributes:
        name: on the servers.
        weights: whether they were compared with those of the round; recorded next to the table.
    """

    name: str
    weights: str


def check_served_model(
    lists: Mapping[str, Sequence[ServedModel]], *, model: str | None, model_folder: Path, num_servers: int, warn: bool
) -> CheckedModel:
    """Choose the model, and compare weights where a server states a folder that is visible from here.

    Args:
        lists: URL to the server's model list.
        model: the name to use; None takes the only one that is served.
        model_folder: the weights that have to be served.
        num_servers: all servers, with and without a model list.
        warn: print a warning where the weights cannot be compared.

    Raises:
        UserError: several models, or none, or a server with other weights.
    """
    names = sorted({entry.name for entries in lists.values() for entry in entries})
    name = model or (names[0] if len(names) == 1 else None)
    if name is None:
        shown = ", ".join(names[:10]) or "no model, or no model list"
        raise UserError(f"engine.model is null, but the servers offer {shown}: name one with engine.model=...")
    checked = [
        url for url, entries in lists.items() if _has_weights(url, entries, name=name, model_folder=model_folder)
    ]
    if len(checked) == num_servers:
        return CheckedModel(name, "compared with the server's folder")
    if warn:
        print_warning(
            f"cannot check the weights of every completions server; all of them have to serve {model_folder}, or "
            "this stage measures another model (set engine.load_command to load it)"
        )
    return CheckedModel(name, "not checked")


def _has_weights(url: str, entries: Sequence[ServedModel], *, name: str, model_folder: Path) -> bool:
    """Whether the server was found to have the weights; False if that cannot be determined."""
    roots = [Path(entry.root) for entry in entries if entry.name == name and entry.root is not None]
    folders = [root for root in roots if root.is_absolute() and (root / "config.json").exists()]
    for folder in folders:
        if not same_weights(folder, model_folder):
            raise UserError(
                f"the completions server at {url} serves {folder}, but this stage needs the model in {model_folder}: serve "
                "that folder and run the same command again, or set engine.load_command"
            )
    return bool(folders)


def same_weights(one: Path, other: Path) -> bool:
    """Whether two model folders hold the same weights: files of equal names and equal bytes."""
    files = sorted(path.name for path in one.glob("*.safetensors"))
    if files != sorted(path.name for path in other.glob("*.safetensors")):
        return False
    # Hard links to one file compare equal without reading it.
    return all(
        (one / name).samefile(other / name) or filecmp.cmp(one / name, other / name, shallow=False) for name in files
    )
