"""Config keys that have moved, as scripts of older versions type them."""

import re
from collections.abc import Sequence

_MOVED = {
    f"logger.{key}": f"logger.wandb.{key}" for key in ("project", "candidate_rows", "artifacts", "upload_weights")
}
_OVERRIDE = re.compile(r"(\+{0,2})([\w.]+)(=.*)", re.DOTALL)


def present_keys(arguments: Sequence[str]) -> list[str]:
    """A command line with the present keys in place of the former ones.

    Where another logger than ``wandb`` is chosen, its keys stay: one of the user's own may have the same.
    """
    chosen = [each.partition("=")[2] for each in arguments if re.match(r"\+{0,2}logger=", each)]
    if chosen and "wandb" not in chosen[-1]:
        return list(arguments)
    return [_present(each) for each in arguments]


def _present(argument: str) -> str:
    found = _OVERRIDE.fullmatch(argument)
    return argument if found is None else f"{found[1]}{_MOVED.get(found[2], found[2])}{found[3]}"
