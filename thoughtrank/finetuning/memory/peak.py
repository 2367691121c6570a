"""The most memory that a training step needs on one device.

Five moments can be the peak: the loss, the first and the last layer of the backward pass, the gradient of the embedding, and
the optimizer step. What the allocator cannot use and what libraries take is not counted; see ``cards``.
"""

from dataclasses import dataclass

from thoughtrank.finetuning.memory.activations import LayerMemory
from thoughtrank.finetuning.memory.sharding import Sharding
from thoughtrank.finetuning.weight_formats import ParameterBytes

_FLOAT32, _BF16 = 4, 2
_GRADIENT_ROWS = 1 << 13
"""Rows of the head's gradient that are added at once; see ``chunked_cross_entropy``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSetup:
    """Everything that the memory of a training step depends on.

    Attributes:
        layer: one decoder layer.
        per_parameter: bytes of a trained parameter.
        sharding: what is divided over the devices.
        devices: it is divided over.
        checkpointing: only the inputs of the layers are kept.
        tokens: of a micro-batch; all of them may be targets.
        accumulates: a step has several micro-batches on a device.
        logit_bytes: size of a chunk of float32 logits.
        matmul_bytes: size of the logits that are computed at once in their own number format, and replaced by their gradient;
            None for a chunk.
        fused_loss: a kernel does that without float32 logits.
        sparse_embedding: the embedding's gradient is added row by row.
        step_weights: weights whose gradients the optimizer converts to float32 at once; 0 for none.
    """

    layer: LayerMemory
    per_parameter: ParameterBytes
    sharding: Sharding
    devices: int
    checkpointing: bool
    tokens: int
    accumulates: bool
    logit_bytes: int
    matmul_bytes: int | None = None
    fused_loss: bool = False
    sparse_embedding: bool = False
    step_weights: int = 0

    @property
    def trained(self) -> int:
        """Number of trained weights."""
        shape, layer = self.layer.shape, self.layer
        return shape.weights if layer.lora_rank is None else shape.layers * layer.adapter_weights

    @property
    def frozen_bytes(self) -> int:
        """Bytes of the frozen weights."""
        return 0 if self.layer.lora_rank is None else self.layer.shape.weights * self.layer.arithmetic.residual


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakMemory:
    """Memory of one device at the peak, in bytes, and the rest.

    Attributes:
        states: weights, master weights and optimizer state that stay there.
        peak: all of it.
        main: of one process in main memory, where the strategy offloads.
    """

    states: float
    peak: float
    main: float


def peak_memory(setup: TrainingSetup) -> PeakMemory:
    """The memory of one device."""
    states, main = _states(setup)
    work = max(_loss(setup), _first_layer(setup), _last_layer(setup), _embedding(setup), _step(setup))
    return PeakMemory(states=states, peak=states + work, main=main)


def _states(setup: TrainingSetup) -> tuple[float, float]:
    """Bytes on the device, and in main memory, that stay from step to step (ZeRO: arXiv 1910.02054, section 3)."""
    each, sharding, devices = setup.per_parameter, setup.sharding, setup.devices
    optimizer = (each.masters + each.optimizer_state + each.compensation) / (devices if sharding.optimizer else 1)
    weights = each.weights / (devices if sharding.weights else 1)
    kept, main = optimizer + weights, 0.0
    if sharding.offload:
        main = optimizer + (weights if sharding.weights else 0)
        kept -= main
    return kept * setup.trained + setup.frozen_bytes, main * setup.trained


def _gradients(setup: TrainingSetup) -> float:
    """All gradients between two micro-batches, and the buffers for those under way."""
    each, sharding = setup.per_parameter, setup.sharding
    held = each.gradients / (setup.devices if sharding.gradients else 1)
    if sharding.keeps_gradients and each.gradients != each.weights:
        held += each.weights  # the sums are beside the gradients, whose memory stays
    return held * setup.trained + _buckets(setup)


def _step_gradients(setup: TrainingSetup) -> float:
    """All gradients after the last micro-batch, in the number format of their weights, and the buffers."""
    held = setup.per_parameter.weights / (setup.devices if setup.sharding.gradients else 1)
    return held * setup.trained + _buckets(setup)


def _buckets(setup: TrainingSetup) -> float:
    return 2 * setup.per_parameter.weights * min(setup.sharding.buckets, setup.trained)


def _earlier_gradients(setup: TrainingSetup) -> float:
    """The gradients that exist when a micro-batch begins."""
    return _gradients(setup) if setup.accumulates or setup.sharding.keeps_gradients else 0.0


def _gathered(setup: TrainingSetup) -> float:
    """Whole weights beside the part that a device keeps, and the gradients of one layer before they are divided."""
    sharding, shape, arithmetic = setup.sharding, setup.layer.shape, setup.layer.arithmetic
    if not sharding.weights:
        return 0.0
    if sharding.gathered is not None:
        head = shape.embedding_weights if sharding.keeps_head else 0
        return arithmetic.matmul * min(sharding.gathered + head, shape.weights)
    outer = shape.embedding_weights * (1 if shape.tied else 2)
    return arithmetic.matmul * (outer + 3 * shape.layer_weights) + _FLOAT32 * shape.layer_weights


def _kept_activations(setup: TrainingSetup) -> float:
    """What all layers keep."""
    layer = setup.layer
    if setup.checkpointing:
        return layer.shape.layers * setup.tokens * layer.input
    return layer.shape.layers * (setup.tokens * layer.saved + layer.weight_copies)


def _head_gradient(setup: TrainingSetup) -> float:
    """The gradient of the output head, which is computed with the loss; a frozen head has none."""
    return setup.layer.shape.embedding_weights * _head_gradient_bytes(setup)


def _head_gradient_bytes(setup: TrainingSetup) -> float:
    return setup.per_parameter.weights if setup.layer.lora_rank is None else 0.0


def _embedding_gradient(setup: TrainingSetup) -> float:
    """The gradient of the whole embedding beside the one it is added to; an output head of its own has its own."""
    if setup.sparse_embedding or setup.layer.lora_rank is not None:
        return 0.0
    if not setup.layer.shape.tied and not _earlier_gradients(setup):
        return 0.0
    return setup.per_parameter.weights * setup.layer.shape.embedding_weights


def _waiting_gradient(setup: TrainingSetup) -> float:
    """The head's gradient, which waits for the embedding's where both have one weight, beside that of earlier micro-batches."""
    if not setup.layer.shape.tied or setup.sparse_embedding or not _earlier_gradients(setup):
        return 0.0
    return _embedding_gradient(setup)


def _loss(setup: TrainingSetup) -> float:
    """While logits are computed, chunk by chunk."""
    layer, tokens = setup.layer, setup.tokens
    shape, arithmetic = layer.shape, layer.arithmetic
    copies = layer.shape.layers * layer.weight_copies if setup.checkpointing else 0
    if arithmetic.autocast and layer.lora_rank is None:
        copies += _BF16 * shape.embedding_weights
    last = tokens * (layer.norm_input + 3 * arithmetic.matmul * shape.hidden_size)
    return (
        _earlier_gradients(setup)
        + _kept_activations(setup)
        + last
        + copies
        + _logits_and_gradient(setup)
        + _gathered(setup)
    )


def _logits_and_gradient(setup: TrainingSetup) -> float:
    """Logits of one matmul beside the head's gradient, which is summed in float32 where there are several matmuls."""
    shape, matmul = setup.layer.shape, setup.layer.arithmetic.matmul
    gradient = _head_gradient(setup)
    widened = max(1, setup.logit_bytes // (_FLOAT32 * shape.vocabulary))
    targets = widened if setup.matmul_bytes is None else max(1, setup.matmul_bytes // (matmul * shape.vocabulary))
    chunk = min(setup.tokens, targets) * matmul * shape.vocabulary
    if not setup.fused_loss:
        wide = min(setup.tokens, targets, widened) * _FLOAT32 * shape.vocabulary if matmul < _FLOAT32 else 0
        rows = min(_GRADIENT_ROWS, shape.vocabulary) * shape.hidden_size * matmul if gradient else 0
        chunk += wide + rows
    if setup.tokens <= targets or not gradient:
        return gradient + chunk
    total = _FLOAT32 * shape.embedding_weights
    return max(total + chunk, total + (gradient if _head_gradient_bytes(setup) < _FLOAT32 else 0))


def _backward_of_layer(setup: TrainingSetup) -> float:
    """Temporary memory of the backward pass of a layer, with its activations where they are recomputed."""
    layer = setup.layer
    gradient = setup.per_parameter.weights * layer.shape.hidden_size * layer.shape.intermediate_size
    needed = setup.tokens * layer.transient + (gradient if layer.lora_rank is None else 0)
    if layer.arithmetic.autocast and layer.recomputes_mlp:
        needed += layer.arithmetic.matmul * layer.shape.mlp_weights
    return needed


def _first_layer(setup: TrainingSetup) -> float:
    """In the backward pass of the last decoder layer, which comes first."""
    layer, earlier = setup.layer, _earlier_gradients(setup)
    recomputed = setup.tokens * layer.saved + layer.weight_copies if setup.checkpointing else 0
    head = _head_gradient(setup) if layer.lora_rank is None and (not earlier or _waiting_gradient(setup)) else 0
    return earlier + head + _kept_activations(setup) + recomputed + _backward_of_layer(setup) + _gathered(setup)


def _last_layer(setup: TrainingSetup) -> float:
    """In the backward pass of the first decoder layer, when nearly all gradients are there."""
    layer = setup.layer
    missing = 0.0
    if not _earlier_gradients(setup) and layer.lora_rank is None:
        missing = setup.per_parameter.weights * layer.shape.layer_weights
        missing /= setup.devices if setup.sharding.gradients else 1
    return (
        _gradients(setup)
        - missing
        + _waiting_gradient(setup)
        + setup.tokens * layer.saved
        + layer.weight_copies
        + _backward_of_layer(setup)
        + _gathered(setup)
    )


def _embedding(setup: TrainingSetup) -> float:
    """When the embedding's gradient is computed, at the end of the backward pass."""
    return _gradients(setup) + _waiting_gradient(setup) + _embedding_gradient(setup) + _gathered(setup)


def _step(setup: TrainingSetup) -> float:
    """In the optimizer step; torch's fused AdamW and torch-optimi's kernel need no temporary memory."""
    gradients = _step_gradients(setup)
    if setup.sharding.step_gradients and not setup.sharding.offload:
        gradients += _FLOAT32 * setup.trained / setup.devices
    return gradients + _FLOAT32 * setup.step_weights
