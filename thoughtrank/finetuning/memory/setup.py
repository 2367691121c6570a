"""The memory of a training from its settings and components, before a model is loaded. Imports nothing heavy."""

import sys
from copy import copy
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Literal

from thoughtrank.finetuning.kernels.build_tools import likely_compiles_triton
from thoughtrank.finetuning.memory.activations import BF16, Attention, Kernels, LayerMemory, NumberFormats
from thoughtrank.finetuning.memory.peak import TrainingSetup
from thoughtrank.finetuning.memory.sharding import Sharding
from thoughtrank.finetuning.parameter_memory import has_optimizer_masters, nominal_bytes
from thoughtrank.finetuning.protocols import Adapter, Optimizer, Strategy
from thoughtrank.finetuning.weight_formats import LightningPrecision, Precision, Weights
from thoughtrank.models.decoder_shape import DecoderShape
from thoughtrank.models.hardware import DeviceKind, has_nvidia_driver, likely_multiplies_bf16, may_have_accelerator

Checkpointing = bool | Literal["auto"]
"""Values of ``training.gradient_checkpointing``."""

MicroBatchTokens = int | Literal["auto"] | None
"""Values of ``training.micro_batch_tokens``."""

_UNMEASURED_TOKENS = 4096
"""What ``micro_batch_tokens=auto`` means where sizes or memory are unknown, and on devices other than CUDA."""

_LOGIT_BYTES = {"cpu": 1 << 24, "cuda": 1 << 28, "mps": 1 << 24}
"""See ``chunked_cross_entropy``, which imports torch."""
_MATMUL_BYTES = {"cpu": 1 << 25, "cuda": 1 << 30}
"""The same."""
_MASTER_CHUNK = 1 << 28
"""See ``master_weights``, which imports torch."""
_MATMUL_ATTENTION_KEYS = 1024
"""See ``packed_attention``, which imports torch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParts:
    """What of a config decides about the memory of its training.

    Attributes:
        optimizer, adapter, strategy: the components.
        weights, precision, packing, compile, batch_size, micro_batch_size, micro_batch_tokens: keys of ``training``.
        longest_example: tokens of the longest example.
    """

    optimizer: Optimizer
    adapter: Adapter
    strategy: Strategy
    weights: Weights
    precision: Precision
    packing: bool
    compile: bool
    batch_size: int
    micro_batch_size: int
    micro_batch_tokens: MicroBatchTokens
    longest_example: int

    @property
    def batch_tokens(self) -> int:
        """The most tokens of an optimizer step on one device."""
        return -(-self.batch_size // self.strategy.world_size) * self.longest_example

    @property
    def tokens(self) -> int:
        """The most tokens of a micro-batch, where their limit is not ``auto``."""
        assert self.micro_batch_tokens != "auto", "device_settings says what auto means"
        limit = self.micro_batch_size * self.longest_example
        if self.micro_batch_tokens is not None:
            limit = min(limit, max(self.micro_batch_tokens, self.longest_example))
        return min(limit, self.batch_tokens)

    @property
    def unmeasured_tokens(self) -> int | None:
        """The limit of a micro-batch on a device whose memory is unknown."""
        return _UNMEASURED_TOKENS if self.micro_batch_tokens == "auto" else self.micro_batch_tokens

    @property
    def accumulates(self) -> bool:
        """Whether gradients of several micro-batches of a step add up on a device."""
        return self.batch_tokens > self.tokens


def likely_device(strategy: Strategy) -> DeviceKind:
    """The kind of device that will train: a guess that imports nothing heavy where the strategy leaves it open."""
    if strategy.accelerator != "auto":
        return strategy.accelerator
    return "cuda" if has_nvidia_driver() else "cpu"


def likely_precision(strategy: Strategy, *, precision: Precision, weights: Weights) -> LightningPrecision | None:
    """What ``training.precision`` resolves to on this machine, without torch; None where torch has to be asked."""
    if precision != "auto" or weights != "fp32_master" or strategy.engine_masters:
        return strategy.resolve_precision(precision, weights=weights)
    device = likely_device(strategy)
    if device == "cpu":
        unknown = sys.platform != "linux" or (strategy.accelerator == "auto" and may_have_accelerator())
        return None if unknown else "bf16-mixed" if likely_multiplies_bf16() else "32-true"
    return "bf16-mixed" if device == "cuda" else "32-true"


def training_setup(
    parts: TrainingParts,
    *,
    shape: DecoderShape,
    device: DeviceKind,
    checkpointing: bool,
    liger: bool | None = None,
) -> TrainingSetup | None:
    """What the memory of a training depends on; None where a component does not state its sizes.

    Args:
        parts: of the config.
        shape: of the model.
        device: that trains.
        checkpointing: gradient checkpointing is on.
        liger: Liger's kernels are used on CUDA; None where they are installed, and Triton can compile them if this machine has
            a card.
    """
    compiles = liger is not None or not has_nvidia_driver() or likely_compiles_triton()
    parts = replace(parts, micro_batch_tokens=parts.unmeasured_tokens)
    adapter = parts.adapter
    strategy = _on(device, parts.strategy)
    precision = _arithmetic_name(parts, device=device)
    per_parameter = nominal_bytes(
        weights=parts.weights,
        precision=precision,
        optimizer=parts.optimizer,
        strategy=strategy,
        accumulates=parts.accumulates and not adapter.freezes_model,
    )
    if per_parameter is None or (adapter.freezes_model and adapter.low_rank is None):
        return None
    masters = not adapter.freezes_model and has_optimizer_masters(
        weights=parts.weights, precision=precision, optimizer=parts.optimizer, strategy=strategy
    )
    sharding = strategy.sharding()
    kernels = _kernels(parts, device=device, liger=compiles and _liger_is_installed() if liger is None else liger)
    layer = LayerMemory(
        shape=shape,
        arithmetic=BF16 if masters else _arithmetic(precision, parts=parts, sharding=sharding),
        kernels=kernels,
        attention=_attention(parts, device=device, precision=precision),
        lora_rank=adapter.low_rank if adapter.freezes_model else None,
    )
    return TrainingSetup(
        layer=layer,
        per_parameter=per_parameter,
        sharding=sharding,
        devices=strategy.world_size,
        checkpointing=checkpointing,
        tokens=parts.tokens,
        accumulates=parts.accumulates,
        logit_bytes=_LOGIT_BYTES[device],
        matmul_bytes=_MATMUL_BYTES.get(device),
        fused_loss=device == "cuda" and compiles,
        sparse_embedding=kernels == "recompute" and sharding == Sharding(),
        step_weights=_step_weights(shape) if masters else 0,
    )


def _on(device: DeviceKind, strategy: Strategy) -> Strategy:
    """The strategy on a stated kind of device, so that nothing has to ask torch what ``auto`` is."""
    stated = copy(strategy)
    stated.accelerator = device
    return stated


def _step_weights(shape: DecoderShape) -> int:
    """Weights that ``MasterWeights`` updates at once: whole tensors, until a chunk is full."""
    largest = max(shape.embedding_weights, _MASTER_CHUNK + shape.hidden_size * shape.intermediate_size)
    return min(largest, shape.weights)


def _attention(parts: TrainingParts, *, device: DeviceKind, precision: LightningPrecision) -> Attention:
    """See ``packed_attention``: on CUDA FlashAttention where the arithmetic is bf16 and examples are packed."""
    if device == "cuda":
        in_bf16 = precision != "32-true" or parts.weights != "fp32_master"
        return "grouped" if parts.packing and in_bf16 else "repeated"
    short = parts.packing and parts.longest_example <= _MATMUL_ATTENTION_KEYS
    return "matmul" if device == "cpu" and short else "repeated"


def _arithmetic_name(parts: TrainingParts, *, device: DeviceKind) -> LightningPrecision:
    """Lightning's precision; on a CPU that is not asked whether it multiplies bf16, the one that needs more memory."""
    if parts.precision == "auto" and parts.weights == "fp32_master" and not parts.strategy.engine_masters:
        return "bf16-mixed" if device == "cuda" else "32-true"
    return parts.strategy.resolve_precision(parts.precision, weights=parts.weights)


def _arithmetic(precision: LightningPrecision, *, parts: TrainingParts, sharding: Sharding) -> NumberFormats:
    """See ``model_folder.load_model`` for the formats of weights, and ``fsdp`` for gathered ones."""
    if precision == "32-true" and parts.weights == "fp32_master":
        return NumberFormats(matmul=4, residual=4)
    if precision != "bf16-mixed" or sharding.weights or parts.weights != "fp32_master":
        return BF16
    return NumberFormats(matmul=2, residual=2 if parts.adapter.freezes_model else 4, autocast=True)


def _liger_is_installed() -> bool:
    return find_spec("liger_kernel") is not None


def _kernels(parts: TrainingParts, *, device: DeviceKind, liger: bool) -> Kernels:
    """See ``prepare_model``. ZeRO-3's partitioned weights keep transformers' MLP."""
    if device == "cuda":
        return "liger" if liger and not parts.compile else "stock"
    partitioned = parts.strategy.engine_masters and parts.strategy.sharding().weights
    return "stock" if parts.compile or partitioned else "recompute"
