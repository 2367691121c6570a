"""DeepSpeed ZeRO under Lightning, on CUDA and on the CPU, and weights that are divided over the ranks (stage 3)."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.seed import reset_seed
from pytorch_lightning.accelerators import CPUAccelerator
from pytorch_lightning.strategies import DeepSpeedStrategy
from safetensors import safe_open
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedModel

from thoughtrank.errors import UserError


class ZeroStrategy(DeepSpeedStrategy):
    """Lightning's DeepSpeed strategy, which on the CPU would refuse what DeepSpeed itself can do over gloo."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        assert isinstance(self.config, dict)
        # Any optimizer of the config may be used with offloading, not only DeepSpeed's own.
        self.config["zero_force_ds_cpu_optimizer"] = False

    @property
    def root_device(self) -> torch.device:
        """DeepSpeed asks for the index of a rank's device, which Lightning's CPU devices lack."""
        if isinstance(self.accelerator, CPUAccelerator):
            return torch.device("cpu", self.local_rank)
        return super().root_device

    def setup_environment(self) -> None:
        """As in Lightning, without its refusal of anything but CUDA, and of frozen dataclasses as batches."""
        # Batches are token ids and masks: there is nothing in them to be made bf16.
        self.precision_plugin.convert_input = lambda data: data  # type: ignore[method-assign]
        # The methods of the class above DeepSpeedStrategy, whose own only add the check.
        super(DeepSpeedStrategy, self).setup_environment()

    def setup_distributed(self) -> None:
        """As in Lightning, without its check of CUDA device numbers on the CPU."""
        if not isinstance(self.accelerator, CPUAccelerator):
            super().setup_distributed()
            return
        import deepspeed

        # DeepSpeed would compile a communication kernel of its own on the spot; gloo needs no compiler.
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
        reset_seed()
        self.set_world_ranks()
        self._init_deepspeed_distributed()

    @contextmanager
    def model_sharded_context(self) -> Iterator[None]:
        """Nothing: transformers divides the model itself, and does so without making bf16 of rotary frequencies."""
        yield

    def setup(self, trainer: pl.Trainer) -> None:
        """As in Lightning, but buffers stay float32: DeepSpeed would make bf16 of rotary frequencies too."""
        module = self.lightning_module
        assert module is not None
        kept = {name: buffer.clone() for name, buffer in module.named_buffers() if buffer.dtype == torch.float32}
        super().setup(trainer)
        for name, buffer in module.named_buffers():
            if name in kept:
                buffer.data = kept[name].to(buffer.device)

    def load_divided(self, folder: str, *, dtype: torch.dtype) -> PreTrainedModel:
        """The model in ``folder``, divided over the ranks from the start; call it inside ``configure_model``.

        No rank ever holds the whole model: rank 0 reads one tensor after the other, and each rank keeps its part.

        Raises:
            UserError: the files hold other tensors than the model wants.
        """
        import deepspeed
        from transformers.integrations import HfDeepSpeedConfig

        self._init_config_if_needed()
        # While this object lives, transformers builds models in parts.
        alive = HfDeepSpeedConfig(copy.deepcopy(self.config))
        config = AutoConfig.from_pretrained(folder)
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
        del alive
        parameters = dict(model.named_parameters(remove_duplicate=False))
        missing = {name for name, _ in model.named_parameters()}
        unknown = []
        for path in sorted(Path(folder).glob("*.safetensors")):
            with safe_open(path, framework="pt") as weights:
                for name in weights.keys():  # noqa: SIM118 (not a mapping)
                    if name not in parameters:
                        unknown.append(name)
                        continue
                    with deepspeed.zero.GatheredParameters([parameters[name]], modifier_rank=0):
                        if self.is_global_zero:
                            parameters[name].data.copy_(weights.get_tensor(name))
                    missing.discard(name)
        if missing or unknown:
            raise UserError(
                f"{folder} does not hold the tensors this model wants (missing: {sorted(missing)[:3]}, unknown: "
                f"{unknown[:3]}): strategy=deepspeed_zero3 cannot load it, strategy=deepspeed_zero2 may"
            )
        if (Path(folder) / "generation_config.json").exists():
            model.generation_config = GenerationConfig.from_pretrained(folder)
        return model

    def gather(self, model: PreTrainedModel) -> dict[str, Tensor]:
        """All weights on the CPU of rank 0, one tensor after the other; nothing on the other ranks."""
        import deepspeed

        gathered = {}
        for name, parameter in model.named_parameters():
            with deepspeed.zero.GatheredParameters([parameter]):
                if self.is_global_zero:
                    gathered[name] = parameter.detach().cpu().clone()
        return gathered
