"""Which weights are trained (the config group ``adapter``): all, or small matrices beside frozen ones."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from thoughtrank.finetuning.weight_formats import Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class NoAdapter:
    """Every weight is trained."""

    name: ClassVar[str] = "none"

    def attach(self, model: "PreTrainedModel", *, weights: Weights) -> None:
        """Nothing."""

    def merge(self, model: "PreTrainedModel") -> None:
        """Nothing."""


@dataclass(kw_only=True)
class Lora:
    """LoRA (arXiv 2106.09685): beside every chosen linear layer, ``alpha / rank`` times a product of two small matrices.

    The trained product is added to the frozen weights in float32 and rounded once, so that the saved folder is a plain model.

    Attributes:
        rank: inner size of the product.
        alpha: strength of the product, times ``rank``.
        dropout: share of its inputs that are left out while training.
        target_modules: names of the layers, or ``all-linear``: every linear layer but the output head.
    """

    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    target_modules: str | list[str] = "all-linear"

    name: ClassVar[str] = "lora"

    def faults(self) -> list[str]:
        """What a user has to put right before training, one sentence each."""
        faults = []
        if find_spec("peft") is None:
            faults.append("adapter=lora needs peft: run 'pip install peft'")
        if self.rank < 1:
            faults.append(f"adapter.rank={self.rank}: must be 1 or more")
        if not 0 <= self.dropout < 1:
            faults.append(f"adapter.dropout={self.dropout}: must be 0 or more and below 1")
        return faults

    def attach(self, model: "PreTrainedModel", *, weights: Weights) -> None:
        """Freeze ``model`` and put the small matrices in, in the number format of ``weights``.

        Raises:
            UserError: the model has no layer of a name in ``target_modules``.
        """
        import torch
        from peft import LoraConfig, LoraModel

        from thoughtrank.errors import UserError

        config = LoraConfig(
            r=self.rank,
            # The library's annotation is narrower than what it takes.
            lora_alpha=self.alpha,  # type: ignore[arg-type]
            lora_dropout=self.dropout,
            target_modules=self.target_modules,
        )
        try:
            # In place: the model keeps its class and its names, and nothing downstream has to know.
            LoraModel(model, config, "default")
        except ValueError as error:
            raise UserError(f"adapter.target_modules={self.target_modules}: {str(error).splitlines()[0]}") from error
        dtype = torch.float32 if weights == "fp32_master" else torch.bfloat16
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(dtype)

    def merge(self, model: "PreTrainedModel") -> None:
        """Turn ``model`` into the plain bf16 model with the product in its weights."""
        import torch
        from peft.tuners.lora import LoraLayer

        for name, layer in list(model.named_modules()):
            if not isinstance(layer, LoraLayer):
                continue
            layer.to(torch.float32)  # type: ignore[attr-defined]
            layer.merge()
            base: Any = layer.get_base_layer().to(torch.bfloat16)
            model.set_submodule(name, base)
        if hasattr(model, "peft_config"):
            del model.peft_config
