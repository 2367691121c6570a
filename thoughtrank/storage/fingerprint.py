"""Fingerprints: short names for everything a stage is made from."""

import hashlib
import json


def fingerprint(**inputs: object) -> str:
    """24 hex digits, equal exactly when all ``inputs`` (JSON values) are."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
