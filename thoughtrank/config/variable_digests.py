"""Whether a setting that comes from an environment variable is still what it was when the run was started.

The stored config keeps ``${oc.env:NAME}`` as it is, so the run folder has a digest of each such value that decides results. The
digest is scrypt with a random salt of the run: nobody can read the value from it, nor quickly try many.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from thoughtrank.config.run_identity import deciding_values, operational_config_keys
from thoughtrank.config.stored_config import missing_variables
from thoughtrank.errors import UserError
from thoughtrank.output.redaction import holds_secret
from thoughtrank.storage.files import write_text

_SALT_BYTES = 16
_DIGEST_BYTES = 16
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}
"""As its authors recommend for interactive logins: 50 ms and 16 MB for each value."""


def write_variable_digests(path: Path, *, stored: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Write the digests atomically, unless no setting that decides results comes from a variable.

    Args:
        path: of the file.
        stored: the config with references to variables.
        values: the same with their values.
    """
    keys = _keys_from_variables(stored, values=values)
    if not keys:
        return
    salt = secrets.token_bytes(_SALT_BYTES)
    now = deciding_values(values)
    content = {"salt": salt.hex(), "scrypt": {key: _digest(now.get(key), salt=salt) for key in keys}}
    text = yaml.safe_dump(content, sort_keys=False)
    write_text(path, f"# Digests of settings that come from environment variables.\n{text}")


def changed_variables(path: Path, *, values: Mapping[str, Any]) -> tuple[list[str], frozenset[str]]:
    """Compare a config with the digests of a run.

    Args:
        path: of the file.
        values: the config of this command, without references.

    Returns:
        The keys whose values have changed, and all keys that have a digest; none where the run has no digests.

    Raises:
        UserError: the file is damaged.
    """
    if not path.exists():
        return [], frozenset()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        salt = bytes.fromhex(content["salt"])
        before = dict(content["scrypt"])
    except (yaml.YAMLError, ValueError, LookupError, TypeError):
        raise UserError(f"{path} is damaged: restore it, or choose another run=") from None
    now = deciding_values(values)
    # Former versions wrote digests of secrets, too.
    before = {key: digest for key, digest in before.items() if not holds_secret(key.rpartition(".")[2])}
    changed = [key for key, digest in before.items() if _digest(now.get(key), salt=salt) != digest]
    return changed, frozenset(before)


def _keys_from_variables(stored: Mapping[str, Any], *, values: Mapping[str, Any]) -> list[str]:
    operational = operational_config_keys(values)
    return [key for key, value in deciding_values(stored, without=operational).items() if missing_variables(value)]


def _digest(value: object, *, salt: bytes) -> str:
    text = json.dumps(value, sort_keys=True).encode()
    return hashlib.scrypt(text, salt=salt, dklen=_DIGEST_BYTES, **_SCRYPT).hex()
