"""One rank of a training with ZeRO-3 that is watched: what it holds while the model is loaded, how often its weights are
gathered, and what DeepSpeed gathers at the end.

Usage: ``watched_training.py JOB.yaml FOLDER``, with the environment variables of a rank. Writes ``FOLDER/seen-RANK.json``, and
on rank 0 ``FOLDER/gathered.pt``. No weight counts as small: DeepSpeed would gather those of a tiny model once per step.
"""

import gc
import json
import os
import sys
from collections import Counter
from pathlib import Path

import safetensors
import torch

from thoughtrank.finetuning.distributed.process_exit import exit_without_teardown
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.instantiate import make_component

job, folder = TrainingJob.read(Path(sys.argv[1])), Path(sys.argv[2])
strategy = make_component(job.strategy, where="strategy")
strategy.prepare_process()

from deepspeed.runtime.zero.partition_parameters import ZeroParamStatus  # noqa: E402 (its process has to be prepared)

from thoughtrank.finetuning import train  # noqa: E402
from thoughtrank.finetuning.distributed import deepspeed_zero  # noqa: E402

seen = {"tensors_read": 0, "files": 0, "files_open": 0, "most_files_open": 0, "most_values_held": 0}
gathers: Counter[str] = Counter()


def values_held() -> int:
    """Weights held in this process: its own shards, and whatever is gathered at the moment."""
    gc.collect()  # DeepSpeed's parameters have cycles
    parameters = [each for each in gc.get_objects() if type(each) is torch.nn.Parameter and hasattr(each, "ds_tensor")]
    return sum(parameter.data.numel() + parameter.ds_tensor.numel() for parameter in parameters)


class WatchedFile:
    def __init__(self, path, **options):
        self.file = safetensors.safe_open(path, **options)

    def __enter__(self):
        seen["files"] += 1
        seen["files_open"] += 1
        seen["most_files_open"] = max(seen["most_files_open"], seen["files_open"])
        self.file.__enter__()
        return self

    def __exit__(self, *details):
        seen["files_open"] -= 1
        return self.file.__exit__(*details)

    def keys(self):
        for name in self.file.keys():  # noqa: SIM118 (not a mapping)
            seen["most_values_held"] = max(seen["most_values_held"], values_held())
            yield name

    def get_tensor(self, name):
        seen["tensors_read"] += 1
        seen["most_values_held"] = max(seen["most_values_held"], values_held())
        return self.file.get_tensor(name)


def count_gathers(model) -> None:
    """Count how often each weight becomes whole, by DeepSpeed's two ways to gather."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}

    def counted(own, gather):
        def wrapped(*arguments, **options):
            for parameter in arguments[0] if arguments else options.get("param_list", [own]):
                if parameter.ds_status is ZeroParamStatus.NOT_AVAILABLE:
                    gathers[names[id(parameter)]] += 1
            return gather(*arguments, **options)

        return wrapped

    for parameter in model.parameters():
        parameter.all_gather = counted(parameter, parameter.all_gather)
        parameter.all_gather_coalesced = counted(parameter, parameter.all_gather_coalesced)


class WatchedStrategy(deepspeed_zero.ZeroStrategy):
    def __init__(self, **options):
        super().__init__(**options)
        self.config["zero_optimization"]["stage3_param_persistence_threshold"] = 0

    def setup(self, trainer):
        super().setup(trainer)
        count_gathers(trainer.lightning_module.causal_lm)


def save_model(model, *arguments, engine, **options):
    seen["gathers"] = dict(gathers)
    seen["buffers"] = sorted({str(buffer.dtype) for name, buffer in model.named_buffers()})
    gathered = engine.strategy.deepspeed_engine._zero3_consolidated_16bit_state_dict()
    if engine.trainer.is_global_zero:
        torch.save(gathered, folder / "gathered.pt")
    (folder / f"seen-{os.environ['RANK']}.json").write_text(json.dumps(seen))
    real_save_model(model, *arguments, engine=engine, **options)


deepspeed_zero.ZeroStrategy = WatchedStrategy
deepspeed_zero.safe_open = WatchedFile
real_save_model, train.save_model = train.save_model, save_model
gc.freeze()  # objects that exist now belong to no model, and are skipped for each tensor
train.run_training(job, strategy=strategy)
exit_without_teardown()
