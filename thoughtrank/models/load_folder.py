"""Loads tokenizer and model of a folder that may come from anywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from thoughtrank.errors import UserError
from thoughtrank.models.model_config import read_sizes

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class LoadedModel(NamedTuple):
    """A tokenizer and its model, on the CPU."""

    tokenizer: "PreTrainedTokenizerBase"
    model: "PreTrainedModel"


def load_folder(folder: Path, *, dtype: "torch.dtype | None" = None) -> LoadedModel:
    """Load a model folder in Hugging Face format.

    Args:
        folder: of the model.
        dtype: of the weights; None leaves it to transformers.

    Raises:
        UserError: something in the folder is missing or broken.
    """
    return LoadedModel(tokenizer=load_tokenizer(folder), model=load_model(folder, dtype=dtype))


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of a model folder, without the weights.

    Raises:
        UserError: the config or the tokenizer is missing or broken.
    """
    read_sizes(folder)
    from transformers import AutoTokenizer

    with _broken_folder(folder):
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)


def load_model(folder: Path, *, dtype: "torch.dtype | None" = None) -> "PreTrainedModel":
    """The model of a model folder, without its tokenizer.

    Raises:
        UserError: the weights are missing or broken, or some of them are, which transformers would fill at random.
    """
    from transformers import AutoModelForCausalLM

    options = {} if dtype is None else {"dtype": dtype}
    with _broken_folder(folder):
        loaded: object = AutoModelForCausalLM.from_pretrained(
            folder, trust_remote_code=False, output_loading_info=True, **options
        )
    model, found = cast("tuple[PreTrainedModel, dict[str, set[str]]]", loaded)
    missing = sorted(found["missing_keys"])
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        head = ", or set tie_word_embeddings=true in its config.json if the model has no head of its own"
        raise UserError(
            f"the weights in {folder} lack {missing[0]}{more}: copy or download it again"
            f"{head if missing == ['lm_head.weight'] else ''}"
        )
    return model


def empty_model(folder: Path) -> "PreTrainedModel":
    """The model of a folder without its weights (on torch's meta device), which shows its modules in a second or two.

    Raises:
        UserError: the config is missing, or of no language model.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with _broken_folder(folder), torch.device("meta"):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        return AutoModelForCausalLM.from_config(config, trust_remote_code=False)


@contextmanager
def _broken_folder(folder: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # The files are read by many libraries, each of which has errors of its own.
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(
            f"no tokenizer and model can be loaded from {folder} ({reason}): copy or download it again"
        ) from error
