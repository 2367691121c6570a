"""Which weights are trained (the config group ``adapter``): all of them, or small matrices beside frozen ones."""

import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from thoughtrank.errors import UserError
from thoughtrank.finetuning.protocols import Adapter
from thoughtrank.finetuning.weight_formats import Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class NoAdapter(Adapter):
    """Every weight is trained."""

    name: ClassVar[str] = "none"
    freezes_model: ClassVar[bool] = False

    def attach(self, model: "PreTrainedModel", *, weights: Weights) -> None:
        """Nothing."""

    def merge(self, model: "PreTrainedModel") -> None:
        """Nothing."""


@dataclass(kw_only=True)
class Lora(Adapter):
    """LoRA (arXiv 2106.09685): every chosen linear layer gets a trained low-rank update ``alpha / rank * B A``.

    The update is merged into the frozen weights in float32 and rounded once, so that the saved folder is a plain model.

    Attributes:
        rank: inner dimension of the update.
        alpha: scale of the update, times ``rank``.
        dropout: dropout probability on the inputs of the update while training.
        target_modules: names of the layers, or ``all-linear``: every linear layer except the output head.
    """

    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    target_modules: str | list[str] = "all-linear"

    name: ClassVar[str] = "lora"

    def faults(self) -> list[str]:
        """See ``Component``."""
        faults = []
        if find_spec("peft") is None:
            faults.append("adapter=lora needs peft: run 'pip install peft'")
        if self.rank < 1:
            faults.append(f"adapter.rank={self.rank}: must be 1 or more")
        if not 0 <= self.dropout < 1:
            faults.append(f"adapter.dropout={self.dropout}: must be 0 or more and below 1")
        return faults

    @property
    def low_rank(self) -> int:
        """See ``Adapter``; an upper bound where not all linear layers are chosen."""
        return self.rank

    def attach(self, model: "PreTrainedModel", *, weights: Weights) -> None:
        """See ``Adapter``.

        Raises:
            UserError: the model has no layer with a name in ``target_modules``.
        """
        import torch
        from peft import LoraConfig, LoraModel

        config = LoraConfig(
            r=self.rank,
            # The annotation in peft is narrower than what it accepts.
            lora_alpha=self.alpha,  # type: ignore[arg-type]
            lora_dropout=self.dropout,
            target_modules=self.target_modules,
        )
        try:
            with warnings.catch_warnings():
                # About settings of peft's own that it corrects itself.
                warnings.simplefilter("ignore")
                # In place: the model keeps its class and the names of its modules.
                LoraModel(model, config, "default")
        except ValueError as error:
            if self.dropout and "lora_dropout" in str(error):
                raise UserError(
                    f"adapter.dropout={self.dropout} does not work with the fused experts of a {type(model).__name__}: set "
                    "adapter.dropout=0"
                ) from error
            raise UserError(f"adapter.target_modules={self.target_modules}: {str(error).splitlines()[0]}") from error
        dtype = torch.float32 if weights == "fp32_master" else torch.bfloat16
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(dtype)

    def model_faults(self, model: "PreTrainedModel") -> list[str]:
        """See ``Adapter``."""
        try:
            self.attach(model, weights="bf16")
        except UserError as error:
            return list(error.faults)
        return []

    def merge(self, model: "PreTrainedModel") -> None:
        """Turn ``model`` into a plain bf16 model with the updates in its weights."""
        import torch
        from peft.tuners.lora import LoraLayer

        for name, layer in list(model.named_modules()):
            if not isinstance(layer, LoraLayer) or name.endswith(".base_layer"):
                continue
            layer.to(torch.float32)  # type: ignore[attr-defined]
            wrapped: object = layer
            # The weights of fused experts are adapted one by one, and the adapters wrap each other.
            while isinstance(wrapped, LoraLayer):
                wrapped.merge()
                wrapped = wrapped.base_layer
            model.set_submodule(name, layer.get_base_layer().to(torch.bfloat16))
        # Otherwise the model would save itself as an adapter.
        vars(model).pop("peft_config", None)
