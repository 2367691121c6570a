"""The Hugging Face hub: downloading a model, and the licence in a model card."""

from pathlib import Path

from thoughtrank.errors import UserError
from thoughtrank.http_api.hub_access import hub_or_cache
from thoughtrank.user_input.user_paths import user_path

_WANTED_FILES = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "*.md"]
_UNWANTED_FILES = ["*/*", "consolidated*"]
"""Other formats of the same weights: folders (``original``, ``onnx``), and the single file beside Mistral's shards."""


def is_hub_id(name: str) -> bool:
    """Whether ``name`` has the form ``organisation/model``."""
    return name.count("/") == 1 and not name.startswith(("/", ".", "~"))


def download_model(name: str) -> Path:
    """The folder of a hub model in the local hub cache, downloaded where it is missing.

    Args:
        name: a hub id.

    Raises:
        UserError: the hub refuses access, or cannot be reached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    with hub_or_cache() as unreachable:
        try:
            return Path(snapshot_download(name, allow_patterns=_WANTED_FILES, ignore_patterns=_UNWANTED_FILES))
        except GatedRepoError as error:
            raise UserError(
                f"model.name={name}: the model is gated: accept its licence on {ENDPOINT}/{name} , then set the environment "
                "variable HF_TOKEN to a token of that account"
            ) from error
        except RepositoryNotFoundError as error:
            raise UserError(f"model.name={name}: no such model on the hub, or HF_TOKEN has no access to it") from error
        except Exception as error:
            raise UserError(
                f"model.name={name}: could not be downloaded from the model hub ({unreachable or type(error).__name__}); "
                "check the connection, or download the folder elsewhere and give its path"
            ) from error


def stated_license(name: str) -> str | None:
    """The licence in the metadata block of a model card; None where the card or the licence is missing.

    Args:
        name: a local folder, or a hub id; a hub model's card is in the cache only after its download.
    """
    from huggingface_hub import metadata_load, try_to_load_from_cache

    card: object = user_path(name) / "README.md"
    if not Path(str(card)).exists() and is_hub_id(name):
        card = try_to_load_from_cache(name, "README.md")
    if not isinstance(card, str | Path) or not Path(card).exists():
        return None
    metadata = metadata_load(card) or {}
    return metadata.get("license")
