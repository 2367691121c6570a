"""Models in Hugging Face format: a local folder, or a hub id."""

import os
from pathlib import Path

from thoughtrank.errors import UserError
from thoughtrank.models.decoder_shape import DecoderShape, decoder_shape
from thoughtrank.models.folder_check import ADAPTER_CONFIG, check_folder, check_token_ids, weight_files
from thoughtrank.models.hub import download_model, is_hub_id, stated_license
from thoughtrank.models.load_folder import load_model, load_tokenizer
from thoughtrank.models.model_config import CONFIG, ModelSizes, read_sizes
from thoughtrank.models.model_files import file_sha256
from thoughtrank.models.named_model import NamedModel
from thoughtrank.models.protocol import ModelFacts
from thoughtrank.prompting.template_syntax import template_fault
from thoughtrank.user_input.user_paths import user_path

_BYTES_PER_BF16 = 2


class HuggingFaceModel(NamedModel):
    """A model whose ``name`` is a local folder in Hugging Face format, or a hub id such as ``organisation/model``."""

    def faults(self) -> list[str]:
        """A folder without a config, or a name that is neither a folder nor a hub id; and those of all named models."""
        faults = super().faults()
        if _exists(self._local()):
            faults += self._local_faults()
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

    def local_folder(self) -> Path | None:
        """See ``ModelSource``."""
        return self._local() if _exists(self._local()) else None

    def num_parameters(self) -> int | None:
        """See ``ModelSource``. A local folder's file sizes take precedence over ``parameters``."""
        size = sum(path.stat().st_size for path in weight_files(self._local())) if _exists(self._local()) else 0
        return size // _BYTES_PER_BF16 or self.parameters

    def context_tokens(self) -> int | None:
        """See ``ModelSource``. A local folder's config takes precedence over ``context``."""
        sizes = self._local_sizes()
        return self.context if sizes is None else sizes.context

    def kv_cache_bytes_per_token(self) -> int | None:
        """See ``ModelSource``. A local folder's config takes precedence over ``cache_bytes``."""
        sizes = self._local_sizes()
        return self.cache_bytes if sizes is None else sizes.kv_cache_bytes_per_token()

    def decoder_shape(self) -> DecoderShape | None:
        """See ``ModelSource``. A local folder's config takes precedence over ``sizes``."""
        sizes = self._local_sizes()
        return super().decoder_shape() if sizes is None else decoder_shape(sizes, parameters=self.num_parameters())

    def write(self, folder: Path) -> None:
        """See ``ModelSource``."""
        import torch

        source, writer = self._folder(), self._writer()
        try:
            if not _exists(self._local()):  # of a local folder, ``faults`` reports the same
                check_folder(source)
            tokenizer = load_tokenizer(source)
            check_token_ids(tokenizer, folder=source)
            writer.check(tokenizer, name=self.name)
            model = load_model(source, dtype=torch.bfloat16)
        except UserError as error:
            raise UserError(*map(self._named, error.faults)) from error
        writer.write(folder, model=model, tokenizer=tokenizer, name=self.name)

    def _named(self, fault: str) -> str:
        return fault if fault.startswith(("model.name=", "model.end_of_turn=")) else f"model.name={self.name}: {fault}"

    def _local(self) -> Path:
        return user_path(self.name)

    def _folder(self) -> Path:
        return self._local() if _exists(self._local()) else download_model(self.name)

    def _local_faults(self) -> list[str]:
        folder = self._local()
        if not (folder / CONFIG).exists():
            if (folder / ADAPTER_CONFIG).exists():
                return [
                    f"model.name={self.name}: an adapter without its model: merge it into the model it was trained for"
                ]
            return [f"model.name={self.name}: no config.json in that folder"]
        try:
            read_sizes(folder)
            check_folder(folder)
        except UserError as error:
            return [f"model.name={self.name}: {fault}" for fault in error.faults]
        syntax = template_fault(folder) if self.chat_template == "own" else None
        return [f"model.name={self.name}: {syntax}: correct it, or set model.chat_template=plain"] if syntax else []

    def _local_sizes(self) -> ModelSizes | None:
        """The sizes in the local folder's config; None for a model of the hub, and for what ``faults`` reports."""
        try:
            return read_sizes(self._local())
        except UserError:
            return None


def _exists(path: Path) -> bool:
    """False also for a name that no folder can have."""
    return os.path.exists(path)  # noqa: PTH110  (Path.exists raises)
