"""Models in Hugging Face format: a local folder, or a hub id."""

import json
from pathlib import Path

from thoughtrank.models.hub import download_model, is_hub_id, stated_license
from thoughtrank.models.model_files import file_sha256
from thoughtrank.models.named_model import NamedModel
from thoughtrank.models.protocol import ModelFacts

_BYTES_PER_BF16 = 2


class HuggingFaceModel(NamedModel):
    """A model whose ``name`` is a local folder in Hugging Face format, or a hub id such as ``organisation/model``."""

    def faults(self) -> list[str]:
        """A folder without a config, or a name that is neither a folder nor a hub id; and those of all named models."""
        faults = super().faults()
        if self._local().exists():
            if not (self._local() / "config.json").exists():
                faults.append(f"model.name={self.name}: no config.json in that folder")
        elif not is_hub_id(self.name):
            faults.append(f"model.name={self.name}: no such folder, and not a hub id of the form organisation/model")
        return faults

    def identity(self) -> dict[str, object]:
        """See ``ModelSource``. A hub id counts as the files of the revision in the local hub cache."""
        folder = self._folder()
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        return self._content_identity({path.name: file_sha256(path) for path in files})

    def facts(self) -> ModelFacts:
        """See ``ModelSource``."""
        return ModelFacts(name=self.name, license=self.license or stated_license(self.name) or "other")

    def num_parameters(self) -> int | None:
        """See ``ModelSource``. A local folder's file sizes take precedence over ``parameters``."""
        size = sum(path.stat().st_size for path in self._local().glob("*.safetensors")) if self._local().exists() else 0
        return size // _BYTES_PER_BF16 or self.parameters

    def context_tokens(self) -> int | None:
        """See ``ModelSource``. A local folder's config takes precedence over ``context``."""
        config = self._local_config()
        return self.context if config is None else config.get("max_position_embeddings")

    def kv_cache_bytes_per_token(self) -> int | None:
        """See ``ModelSource``. A local folder's config takes precedence over ``cache_bytes``."""
        config = self._local_config()
        if config is None:
            return self.cache_bytes
        query_heads = config["num_attention_heads"]
        kv_heads = config.get("num_key_value_heads") or query_heads
        head_dim = config.get("head_dim") or config["hidden_size"] // query_heads
        return 2 * config["num_hidden_layers"] * kv_heads * head_dim * _BYTES_PER_BF16

    def write(self, folder: Path) -> None:
        """See ``ModelSource``."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        source = self._folder()
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.bfloat16)
        self._writer().write(folder, model=model, tokenizer=tokenizer, name=self.name)

    def _local(self) -> Path:
        return Path(self.name).expanduser()

    def _folder(self) -> Path:
        return self._local() if self._local().exists() else download_model(self.name)

    def _local_config(self) -> dict[str, int] | None:
        """The numbers in the local folder's config; None for a model of the hub."""
        path = self._local() / "config.json"
        return json.loads(path.read_text()) if path.exists() else None
