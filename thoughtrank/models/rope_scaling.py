"""Settings of rotary position embeddings in a config that transformers cannot compute, found without importing it."""

from collections.abc import Iterator, Mapping

_KEYS = {
    "default": (),
    "linear": ("factor",),
    "dynamic": ("factor",),
    "yarn": ("factor",),
    "longrope": ("short_factor", "long_factor"),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor"),
}
"""The settings that each type needs besides those that have a default."""
_LISTS = ("short_factor", "long_factor")


def rope_faults(config: Mapping[str, object]) -> list[str]:
    """What is wrong with ``rope_scaling``, or ``rope_parameters`` as newer versions of transformers call it.

    Args:
        config: as ``config.json`` states it.
    """
    for name in ("rope_scaling", "rope_parameters"):
        value = config.get(name)
        if isinstance(value, Mapping):
            # Some families have settings for each type of layer.
            nested = [each for each in value.values() if isinstance(each, Mapping)]
            parts = nested if nested and len(nested) == len(value) else [value]
            return [f"{name} in its config.json {fault}" for part in parts for fault in _faults(part)]
        if value:
            return [f"{name} in its config.json is {value!r}, not an object: correct it, or download the folder again"]
    return []


def _faults(settings: Mapping[str, object]) -> Iterator[str]:
    kind = settings.get("rope_type", settings.get("type", "default"))
    again = "correct it, or download the folder again"
    if not isinstance(kind, str) or kind not in _KEYS:
        if not _is_known(kind):
            unknown = "which the installed transformers does not know: install a version that does, or"
            yield f"has the type {kind!r}, {unknown} {again}"
        return
    missing = [key for key in _KEYS[kind] if settings.get(key) is None]
    if missing:
        yield f"is of the type {kind!r} and lacks {', '.join(missing)}: {again}"
    for key in (*_KEYS[kind], "original_max_position_embeddings"):
        value = settings.get(key)
        if value is not None and not _is_right(key, value):
            yield f"states {key}={value!r}, which is no {'list of numbers' if key in _LISTS else 'number'}: {again}"


def _is_right(key: str, value: object) -> bool:
    if key in _LISTS:
        return isinstance(value, list) and all(type(each) in (int, float) for each in value)
    return type(value) in (int, float)


def _is_known(kind: object) -> bool:
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    return kind in list(ROPE_INIT_FUNCTIONS)
