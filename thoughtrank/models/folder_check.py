"""What a model folder may be that cannot be trained, found from its small files and the headers of its weights."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from thoughtrank.errors import UserError
from thoughtrank.models.load_folder import load_tokenizer
from thoughtrank.models.model_config import CONFIG, PLAIN_TYPES, read_sizes
from thoughtrank.models.rope_scaling import rope_faults
from thoughtrank.models.stored_weights import other_format, pickle_faults, quantisation
from thoughtrank.models.unknown_names import activation_faults, dtype_faults, tokenizer_faults
from thoughtrank.models.weight_check import too_few_weights, weight_difference
from thoughtrank.storage.json_files import read_json_object
from thoughtrank.storage.weight_files import is_whole, tensor_shapes

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ADAPTER_CONFIG = "adapter_config.json"
_INDEX = "model.safetensors.index.json"
_TOKENIZER = "tokenizer.json"
_TOKENIZERS = (_TOKENIZER, "tokenizer.model", "spiece.model", "vocab.json", "vocab.txt", "tekken.json")
_JSON = (_TOKENIZER, "tokenizer_config.json", "special_tokens_map.json", "generation_config.json", _INDEX)
_AGAIN = "copy or download the folder again"
_POINTER = b"version https://git-lfs.github.com/"
_LONGEST_POINTER = 1024
"""Bytes, as the format has it."""


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that hold a model's weights, once each: not Mistral's single file beside the shards."""
    files = sorted(folder.glob("*.safetensors"))
    return [path for path in files if not path.name.startswith("consolidated")] or files


def check_folder(folder: Path) -> None:
    """Check a folder in Hugging Face format, of which no weights are read.

    Raises:
        UserError: what cannot be trained, one sentence each.
    """
    config = read_json_object(folder / CONFIG) or {}
    pointers = _pointers(folder)
    faults = [
        *_quantisation_faults(folder, config),
        *_config_faults(config),
        *(_pointer_faults(folder, pointers) if pointers else _weight_faults(folder, config)),
    ]
    torn = [name for name in _JSON if name not in pointers and _is_torn(folder / name)]
    if torn:
        faults.append(f"{folder}: {', '.join(torn)} cannot be read as JSON: {_AGAIN}")
    if (folder / ADAPTER_CONFIG).exists():
        faults.append(
            f"{folder} has an adapter ({ADAPTER_CONFIG}) beside the model, and transformers would load both: merge the adapter "
            "into the model, or move it to a folder of its own"
        )
    if not any((folder / name).exists() for name in _TOKENIZERS):
        faults.append(f"{folder} has no tokenizer (tokenizer.json): copy the tokenizer's files of the base model there")
    elif (folder / _TOKENIZER).exists() and _TOKENIZER not in (*torn, *pointers):
        faults.extend(tokenizer_faults(folder / _TOKENIZER))
    if faults:
        raise UserError(*faults)
    if not (folder / _TOKENIZER).exists():
        load_tokenizer(folder)  # of an older form, which transformers has to convert


def check_token_ids(tokenizer: "PreTrainedTokenizerBase", *, folder: Path) -> None:
    """Check that the model has an embedding for each token that prompts and replies can have.

    Added tokens do not count unless the chat template writes them: text never becomes one.

    Raises:
        UserError: tokens were added and the embeddings not resized.
    """
    embedded = read_sizes(folder).vocabulary
    if embedded is None:
        return
    added = tokenizer.added_tokens_decoder
    written = f"{tokenizer.chat_template} {tokenizer.eos_token} {tokenizer.pad_token}"
    used = {
        number: token
        for token, number in tokenizer.get_vocab().items()
        if number >= embedded and (number not in added or token in written)
    }
    if used:
        raise UserError(
            f"the tokenizer has the token {used[max(used)]!r} with the number {max(used)}, and the model embeds only "
            f"{embedded} tokens: resize its embeddings (resize_token_embeddings) and save it again, "
            "or use the tokenizer of its base model"
        )


def check_number_of_weights(folder: Path, model: "PreTrainedModel") -> list[str]:
    """A folder in Hugging Face format that has fewer weights than its model, which transformers would fill at random.

    Args:
        folder: without faults of ``check_folder``.
        model: made from its config, without weights.
    """
    shapes = _shapes(_wanted_files(folder))
    difference = too_few_weights(model, shapes=shapes) if shapes else None
    return [f"{folder} {difference}: {_AGAIN}"] if difference else []


def _quantisation_faults(folder: Path, config: dict[str, object]) -> list[str]:
    method = quantisation(folder, config)
    if method is None:
        return []
    return [
        f"the weights are quantised ({method}), and training needs them in bf16, float16 or float32: give the model that "
        "it was made from"
    ]


def _config_faults(config: dict[str, object]) -> list[str]:
    faults = dtype_faults(config)
    if config.get("is_encoder_decoder") is True:
        faults.append("an encoder-decoder model cannot be trained here: give a decoder such as Llama or Qwen")
    else:
        faults += _type_faults(config)
    return faults


def _type_faults(config: dict[str, object]) -> list[str]:
    kind = config.get("model_type")
    if isinstance(kind, str) and kind in PLAIN_TYPES:
        return [*rope_faults(config), *activation_faults(config)]
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    known = isinstance(kind, str) and kind in CONFIG_MAPPING
    if config.get("auto_map") and not known:
        return [
            f"its model type {kind!r} comes with code of its own (auto_map), which is not run: give a model that the installed "
            "transformers knows, or install a version that knows this one"
        ]
    if kind is None:  # transformers may find it by the folder's name
        return []
    if not known:
        return [
            f"its model type {kind!r} is unknown to the installed transformers: install a version that knows it, or give "
            "another model"
        ]
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return [
            f"its model type {kind!r} is no language model that transformers loads for text alone: give a decoder such as "
            "Llama or Qwen"
        ]
    return []


def _is_torn(path: Path) -> bool:
    return path.exists() and read_json_object(path) is None


def _pointers(folder: Path) -> list[str]:
    """Files that are pointers of Git LFS, which a clone without it leaves in place of large files."""
    names = []
    for path in sorted(folder.iterdir()):
        with suppress(OSError):
            if path.is_file() and path.stat().st_size <= _LONGEST_POINTER and path.read_bytes().startswith(_POINTER):
                names.append(path.name)
    return names


def _pointer_faults(folder: Path, names: list[str]) -> list[str]:
    return [
        f"{folder}: {', '.join(names[:3])} {'is a pointer' if len(names) == 1 else 'are pointers'} of Git LFS, not the file "
        "itself: run git lfs install and git lfs pull there, or download the model with hf download"
    ]


def _weight_faults(folder: Path, config: dict[str, object]) -> list[str]:
    if quantisation(folder, config) is not None:
        return []
    if list(folder.glob("*.bin")) and not list(folder.glob("*.safetensors")):
        return [f"{fault}: {_AGAIN}" for fault in pickle_faults(folder)]
    wanted = _wanted_files(folder)
    if not wanted and (found := other_format(folder)) is not None:
        return [f"{folder} lacks weights in the format of transformers ({found}): give a folder with *.safetensors"]
    missing = sorted(path.name for path in wanted if not path.exists())
    if missing or not wanted:
        what = ", ".join(missing[:3]) if missing else "a file *.safetensors"
        return [f"{folder} lacks weights ({what}): {_AGAIN}"]
    cut = sorted(path.name for path in wanted if not is_whole(path))
    if cut:
        return [f"{folder}: {', '.join(cut[:3])} is cut or damaged: {_AGAIN}"]
    return _missing_faults(folder, config, shapes=_shapes(wanted))


def _wanted_files(folder: Path) -> set[Path]:
    """The files of weights that the index of a folder names; without an index, those that are there."""
    shards = (read_json_object(folder / _INDEX) or {}).get("weight_map")
    if isinstance(shards, dict):
        return {folder / str(name) for name in shards.values()}
    return set(weight_files(folder))


def _shapes(files: set[Path]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for path in files:
        shapes |= tensor_shapes(path)
    return shapes


def _missing_faults(folder: Path, config: dict[str, object], *, shapes: dict[str, tuple[int, ...]]) -> list[str]:
    """Weights of a plain decoder that its config wants and no file has; transformers would fill them at random."""
    if config.get("model_type") not in PLAIN_TYPES:  # ``check_number_of_weights`` counts those of other types
        return []
    if "lm_head.weight" not in shapes and not config.get("tie_word_embeddings", False):
        return [
            f"{folder} lacks lm_head.weight, and tie_word_embeddings in its config.json is not true: {_AGAIN}, or set it "
            "to true if the model has no head of its own"
        ]
    difference = weight_difference(config, read_sizes(folder), shapes=shapes)
    return [f"{folder} {difference}: {_AGAIN}"] if difference else []
