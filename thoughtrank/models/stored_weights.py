"""How a folder stores its weights: quantised, in the format of another program, or pickled; found without loading any."""

import zipfile
from pathlib import Path

from thoughtrank.storage.json_files import read_json_object

_QUANTISED_BESIDE = {"quantize_config.json": "gptq", "quant_config.json": "awq", "quanto_qmap.json": "quanto"}
"""Files that older tools write beside a config that does not mention it."""
_OTHER_FORMATS = {
    "*.gguf": "GGUF, the format of llama.cpp",
    "*.pth": "the format in which its authors published it",
    "*.h5": "the format of TensorFlow",
    "*.msgpack": "the format of Flax",
    "*.npz": "the format of MLX",
    "*.onnx": "ONNX",
}
_PICKLES, _PICKLES_INDEX = "pytorch_model*.bin", "pytorch_model.bin.index.json"
_ZIP, _PICKLE = b"PK", b"\x80"


def quantisation(folder: Path, config: dict[str, object]) -> str | None:
    """How the weights are quantised; None where nothing says that they are."""
    text_part = config.get("text_config")
    for each in (config, text_part if isinstance(text_part, dict) else {}):
        if isinstance(found := each.get("quantization_config"), dict):
            return str(found.get("quant_method", "of an unknown kind"))
        if isinstance(found := each.get("quantization"), dict):
            return f"mlx, {found.get('bits', 'few')} bits"
    return next((method for name, method in _QUANTISED_BESIDE.items() if (folder / name).exists()), None)


def other_format(folder: Path) -> str | None:
    """A file of weights that only another program reads, with what it is; None without any."""
    for pattern, name in _OTHER_FORMATS.items():
        if found := sorted(folder.glob(pattern)):
            return f"{found[0].name} is {name}"
    return None


def pickle_faults(folder: Path) -> list[str]:
    """What is wrong with pickled weights (``pytorch_model.bin``): shards that are missing, and files that are cut."""
    index = read_json_object(folder / _PICKLES_INDEX) or {}
    shards = index.get("weight_map")
    wanted = (
        {folder / str(name) for name in shards.values()} if isinstance(shards, dict) else set(folder.glob(_PICKLES))
    )
    missing = sorted(path.name for path in wanted if not path.exists())
    if missing:
        return [f"{folder} lacks weights ({', '.join(missing[:3])})"]
    cut = sorted(path.name for path in wanted if not _is_whole(path))
    return [f"{folder}: {', '.join(cut[:3])} is cut or damaged"] if cut else []


def _is_whole(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(2)
    return zipfile.is_zipfile(path) if start == _ZIP else start[:1] == _PICKLE
