"""The four components of fine-tuning: objective, optimizer, adapter and strategy. Their classes inherit these.

Imports nothing heavy: components are constructed and checked before torch is loaded.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from thoughtrank.finetuning.memory.sharding import Sharding
from thoughtrank.finetuning.weight_formats import LightningPrecision, Precision, Shapes, Weights
from thoughtrank.instantiate import Component
from thoughtrank.models.hardware import Accelerator, DeviceKind, device_kind, multiplies_bf16

if TYPE_CHECKING:
    import pytorch_lightning as pl
    import torch
    from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
    from torch import Tensor
    from transformers import PreTrainedModel

    from thoughtrank.finetuning.batching.batches import Batch
    from thoughtrank.finetuning.distributed.training_engine import TrainingEngine


class _NamedComponent(Component, ABC):
    """A component that error messages call by a name.

    Attributes:
        name: the name; by default that of the class.
    """

    name: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "name" not in vars(cls):
            cls.name = cls.__name__


QuestionWeights = Literal["examples", "equal"]
"""``examples``: a question weighs as much as it has examples. ``equal``: all questions weigh the same."""


class Objective(Component, ABC):
    """What training minimizes (the config group ``objective``).

    Attributes:
        question_weights: weight of a question in the loss. With ``equal``, ``batch.target_weights`` holds a factor for the loss
            of each target.
    """

    question_weights: QuestionWeights = "examples"

    @abstractmethod
    def loss(self, *, model: "PreTrainedModel", batch: "Batch") -> "Tensor":
        """Mean loss over the target tokens of ``batch``, a scalar; each loss times its weight, where the batch has weights."""

    def notes(self) -> list[str]:
        """What the user should know before the run, one sentence each; shown in the plan."""
        return []

    def learns_answer(self, example: str, *, seed: int) -> bool:
        """Whether the tokens of an example's answer are targets; those of its thought always are.

        Args:
            example: its candidate id.
            seed: of the training.
        """
        return True


class Optimizer(_NamedComponent):
    """The update rule and its learning-rate schedule (the config group ``optimizer``).

    Attributes:
        supported_weights: values of ``training.weights`` it can train.
        needs_whole_parameters: the rule reads rows and columns, so that it cannot update flattened shards.
        needs_cpu: it updates weights in main memory only.
        needs_cuda: it updates weights on CUDA devices only.
        supports_masters: ``build`` takes ``masters``.
    """

    supported_weights: ClassVar[tuple[Weights, ...]] = ("fp32_master", "bf16")
    needs_whole_parameters: ClassVar[bool] = False
    needs_cpu: ClassVar[bool] = False
    needs_cuda: ClassVar[bool] = False
    supports_masters: ClassVar[bool] = False

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float | None:
        """Memory of the optimizer state of the parameters named in ``shapes``, in bytes; None if unknown.

        Args:
            shapes: parameter name to shape.
            weights: the value of ``training.weights``.
            embeddings: names of the parameters of embeddings and the output head.
        """
        return None

    @abstractmethod
    def build(
        self, model: "torch.nn.Module", *, steps: int, weights: Weights, masters: bool = False
    ) -> "OptimizerLRSchedulerConfig":
        """Optimizer and schedule for ``steps`` optimizer steps on the parameters that require a gradient.

        Args:
            model: whose parameters are trained.
            steps: of the whole training.
            weights: the value of ``training.weights``.
            masters: keep float32 master weights of the model's bf16 weights; passed only where ``supports_masters`` is true.
        """


class Adapter(_NamedComponent):
    """Which weights are trained (the config group ``adapter``).

    Attributes:
        freezes_model: the model's own weights are frozen, at least in part.
    """

    freezes_model: ClassVar[bool] = True

    @property
    def low_rank(self) -> int | None:
        """Inner dimension of trained updates of all linear layers, for memory estimates; None where there are none."""
        return None

    @abstractmethod
    def attach(self, model: "PreTrainedModel", *, weights: Weights) -> None:
        """Freeze what is not trained, and insert what is, in the number format of ``weights``."""

    def model_faults(self, model: "PreTrainedModel") -> list[str]:
        """Why it cannot be attached to a model, one sentence each.

        Args:
            model: without weights (on torch's meta device); it may be changed.
        """
        return []

    @abstractmethod
    def merge(self, model: "PreTrainedModel") -> None:
        """Turn ``model`` back into a plain model whose weights include what was trained."""


class Strategy(_NamedComponent):
    """Where training runs, and how the weights are held there (the config group ``strategy``).

    Attributes:
        supported_weights: values of ``training.weights`` it can train.
        whole_parameters: an optimizer sees each parameter in its own shape, not as flattened shards.
        supports_adapters: frozen and trained weights may be mixed.
        engine_masters: its engine holds bf16 weights, and float32 master weights of its own.
        optimizer_masters: the optimizer may hold float32 master weights beside the model's bf16 weights.
        accelerator: kind of device that is asked for.
        devices: training processes per machine.
        num_nodes: machines.
    """

    supported_weights: ClassVar[tuple[Weights, ...]] = ("fp32_master",)
    whole_parameters: ClassVar[bool] = False
    supports_adapters: ClassVar[bool] = False
    engine_masters: ClassVar[bool] = False
    optimizer_masters: ClassVar[bool] = False
    accelerator: Accelerator = "auto"
    devices: int = 1
    num_nodes: int = 1

    @property
    def world_size(self) -> int:
        """Number of training processes."""
        return self.devices * self.num_nodes

    def device_kind(self) -> DeviceKind:
        """The kind of device it trains on, with ``auto`` resolved on this machine."""
        return device_kind(self.accelerator)

    @property
    def optimizer_on_cpu(self) -> bool:
        """Whether the weights that an optimizer updates are in main memory."""
        return self.device_kind() == "cpu"

    def resolve_precision(self, precision: Precision, *, weights: Weights) -> LightningPrecision:
        """Lightning's precision for ``training.precision``; ``auto`` is bf16 arithmetic only where the hardware has it."""
        if precision != "auto":
            return precision
        if weights != "fp32_master":
            # Bf16 weights compute in bf16 anyway. Lightning's "bf16-true" would also round the rotary frequencies.
            return "32-true"
        kind = self.device_kind()
        return "bf16-mixed" if kind == "cuda" or (kind == "cpu" and multiplies_bf16()) else "32-true"

    def identity(self) -> dict[str, object]:
        """Settings with the kind of device resolved, and the number of processes however they are spread over machines."""
        settings = super().identity()
        for name in ("devices", "num_nodes"):
            settings.pop(name, None)
        return {**settings, "world_size": self.world_size}

    def resolved(self) -> dict[str, str | int]:
        """See ``Component``."""
        return {"accelerator": self.device_kind()}

    def sharding(self) -> Sharding:
        """What is divided over the devices, for memory estimates."""
        return Sharding()

    def prepare_process(self) -> None:
        """Set up a training process before anything heavy is imported."""

    @abstractmethod
    def trainer_arguments(self) -> dict[str, Any]:
        """Keyword arguments of Lightning's Trainer that choose devices and strategy."""

    def training_engine(self, trainer: "pl.Trainer") -> "TrainingEngine":
        """The engine of a trainer made with ``trainer_arguments``."""
        from thoughtrank.finetuning.distributed.training_engine import TrainingEngine

        return TrainingEngine(trainer)
