import logging
import warnings
from types import ModuleType

import pytest

from thoughtrank.output.library_logging import silence_library_logs, without_bar


@pytest.fixture(autouse=True)
def restored():
    """The state of the loggers, and of the bars of transformers, as before."""
    from transformers.utils import logging as transformers_logging

    names = ("DeepSpeed", "pytorch_lightning", "lightning.pytorch", "liger_kernel.backends.registry")
    before = {name: (logging.getLogger(name).level, list(logging.getLogger(name).filters)) for name in names}
    bars = transformers_logging.is_progress_bar_enabled()
    with warnings.catch_warnings():
        yield
    for name, (level, filters) in before.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).filters = filters
    if bars:
        transformers_logging.enable_progress_bar()


def test_routine_messages_are_dropped_and_others_are_not(caplog):
    silence_library_logs()
    logger = logging.getLogger("DeepSpeed")
    with caplog.at_level(logging.INFO, logger="DeepSpeed"):
        logger.addHandler(caplog.handler)
        logger.warning("Setting accelerator to CPU. If you have a GPU ...")
        logger.warning("loss scale is zero")
        logger.removeHandler(caplog.handler)
    assert {record.getMessage() for record in caplog.records} == {"loss scale is zero"}


@pytest.mark.parametrize("name", ["pytorch_lightning", "liger_kernel.backends.registry"])
def test_libraries_that_warn_of_missing_devices_report_errors_only(name):
    silence_library_logs()
    assert not logging.getLogger(name).isEnabledFor(logging.WARNING)
    assert logging.getLogger(name).isEnabledFor(logging.ERROR)
    assert logging.getLogger("pytorch_lightning").isEnabledFor(logging.ERROR)


def test_routine_warnings_are_ignored_and_others_are_not():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        silence_library_logs()
        warnings.warn("The dataloader does not have many workers which may be a bottleneck", stacklevel=1)
        warnings.warn("FSDP is switching to use `NO_SHARD` instead of ShardingStrategy.FULL_SHARD", stacklevel=1)
        warnings.warn("The AccumulateGrad node's stream does not match the stream of the node", stacklevel=1)
        warnings.warn("gradients are not finite", stacklevel=1)
    assert [str(each.message) for each in caught] == ["gradients are not finite"]


def test_weights_are_loaded_without_a_bar_and_a_second_call_changes_nothing():
    from transformers.utils import logging as transformers_logging

    silence_library_logs()
    filters = list(logging.getLogger("DeepSpeed").filters)
    silence_library_logs()
    assert logging.getLogger("DeepSpeed").filters == filters
    assert not transformers_logging.is_progress_bar_enabled()


def test_a_module_without_a_setting_for_its_bar_shows_none_inside_and_has_it_back_after(capsys):
    from tqdm import tqdm

    module = ModuleType("with_a_bar")
    module.tqdm = tqdm
    with without_bar(module):
        assert list(module.tqdm([1, 2], desc="Converting")) == [1, 2]
    assert capsys.readouterr().err == ""
    assert module.tqdm is tqdm
    with without_bar(ModuleType("without_one")):
        pass


def test_the_conversion_of_gguf_files_still_has_the_bar_that_is_hidden():
    from transformers import modeling_gguf_pytorch_utils

    with without_bar(modeling_gguf_pytorch_utils):
        assert modeling_gguf_pytorch_utils.tqdm([], desc="Converting").disable
