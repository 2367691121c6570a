"""Whether engine, training and adapter support the model of a run, found before any weights are read."""

from pathlib import Path

from thoughtrank.config.components import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.errors import UserError
from thoughtrank.finetuning.model_support import training_model_faults
from thoughtrank.models.folder_check import check_number_of_weights
from thoughtrank.models.load_folder import empty_model
from thoughtrank.models.model_config import CONFIG, PLAIN_TYPES
from thoughtrank.storage.json_files import read_json_object


def local_model_faults(config: RunConfig, components: Components) -> list[str]:
    """``model_faults`` of a model that is a folder on this machine; others are examined once they are downloaded."""
    folder = components.model.local_folder()
    return [] if folder is None else model_faults(folder, config=config, components=components)


def model_faults(folder: Path, *, config: RunConfig, components: Components) -> list[str]:
    """What the components cannot do with the model in a folder, one sentence each.

    Args:
        folder: in Hugging Face format.
        config: of the run.
        components: made from it.
    """
    if _is_plain(folder) and not components.adapter.freezes_model:
        return []
    try:
        model = empty_model(folder)
    except UserError as error:
        return list(error.faults)
    training = config.training
    return [
        *check_number_of_weights(folder, model),
        *components.engine.model_faults(model),
        *training_model_faults(
            model,
            packing=training.packing,
            gradient_checkpointing=training.gradient_checkpointing is True,
            adapter=components.adapter,
        ),
    ]


def _is_plain(folder: Path) -> bool:
    stated = read_json_object(folder / CONFIG) or {}
    return stated.get("model_type") in PLAIN_TYPES and not stated.get("attention_dropout")
