"""Names in a model folder that the installed libraries do not know: activations, data types, forms of tokenizers."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

_ACTIVATIONS = frozenset(
    {"silu", "swish", "gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "quick_gelu", "relu", "relu2"}
)
_DTYPES = frozenset({"bfloat16", "float16", "float32"})
"""Those that transformers and torch need not be imported for."""
_AGAIN = "correct it, or download the folder again"


def activation_faults(config: Mapping[str, object]) -> list[str]:
    """An activation of a plain decoder that transformers does not have.

    Args:
        config: as ``config.json`` states it.
    """
    name = config.get("hidden_act")
    if not isinstance(name, str) or name in _ACTIVATIONS:
        return []
    from transformers.activations import ACT2CLS

    known = name in ACT2CLS
    return [] if known else [f"hidden_act in its config.json is {name!r}, which transformers does not know: {_AGAIN}"]


def dtype_faults(config: Mapping[str, object]) -> list[str]:
    """A data type that torch does not have; transformers fails on it, whatever type is asked for."""
    inner = config.get("text_config")
    parts = [config, *([inner] if isinstance(inner, Mapping) else [])]
    return [
        f"{key} in its config.json is {part[key]!r}, which is no data type of torch such as bfloat16: {_AGAIN}"
        for part in parts
        for key in ("dtype", "torch_dtype")
        if isinstance(part.get(key), str) and not _is_dtype(str(part[key]))
    ]


def tokenizer_faults(path: Path) -> Iterator[str]:
    """A ``tokenizer.json`` that is JSON, and of a form that the installed tokenizers cannot read."""
    from tokenizers import Tokenizer

    try:
        Tokenizer.from_file(str(path))
    except Exception as error:  # it has no class of its own
        reason = " ".join(str(error).split())
        yield (
            f"{path} has a form that tokenizers {version('tokenizers')} cannot read ({reason}): install the version that wrote "
            "it, or save the tokenizer again with this one"
        )


def _is_dtype(name: str) -> bool:
    if name in _DTYPES:
        return True
    import torch

    return isinstance(vars(torch).get(name), torch.dtype)
