"""A training step of a small Llama on the CPU, and how many bytes it holds."""

import weakref

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import LlamaConfig, LlamaForCausalLM

from thoughtrank.finetuning.adapters import Lora
from thoughtrank.finetuning.batching.batches import packed_batch, target_states
from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.kernels import packed_attention
from thoughtrank.finetuning.kernels.chunked_cross_entropy import chunked_cross_entropy
from thoughtrank.finetuning.prepare_model import prepare_model
from thoughtrank.models.decoder_shape import DecoderShape

TOKENS = 200


def shape_of(layers):
    return DecoderShape(
        layers=layers, hidden_size=64, intermediate_size=160, heads=4, kv_heads=2, head_dim=16, vocabulary=1000
    )


class SmallTraining:
    """A Llama in the state before a training step, with one packed example of ``TOKENS`` tokens."""

    def __init__(self, layers, *, dtype, autocast, kernels, checkpointing=False, lora=False):
        torch.manual_seed(0)
        shape = shape_of(layers)
        config = LlamaConfig(
            num_hidden_layers=layers,
            hidden_size=shape.hidden_size,
            intermediate_size=shape.intermediate_size,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            vocab_size=shape.vocabulary,
            tie_word_embeddings=True,
        )
        self.model = LlamaForCausalLM(config).to(dtype).train()
        self.model.config.use_cache = False
        self.autocast = autocast
        if lora:
            Lora().attach(self.model, weights="fp32_master" if autocast else "bf16_kahan")
        if kernels == "recompute":
            cpu = torch.device("cpu")
            prepare_model(
                self.model,
                device=cpu,
                packing=True,
                gradient_checkpointing=checkpointing,
                compile_layers=False,
                single_device=True,
            )
        else:
            self.model.set_attn_implementation(packed_attention.ATTENTION)
            if checkpointing:
                self.model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
        ids = tuple(torch.randint(0, shape.vocabulary, (TOKENS + 1,)).tolist())
        self.batch = packed_batch([EncodedExample(token_ids=ids, first_target=1)], loss_weight=1.0)

    def states(self):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.autocast):
            return target_states(self.model, self.batch)

    def saved_bytes(self):
        """Bytes that the forward pass keeps for the backward pass, weights aside."""
        weights = {parameter.untyped_storage().data_ptr() for parameter in self.model.parameters()}
        kept = {}

        def pack(tensor):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in weights:
                kept[storage.data_ptr()] = (
                    storage.nbytes(),
                    tensor,
                )  # the tensor is held, so that no address is used twice
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            self.states()
        return sum(size for size, _ in kept.values())

    def peak_bytes(self, *, micro_batches):
        """The most bytes of all tensors in a training step, after one that has made the optimizer's state."""
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, fused=True)
        self._step(optimizer, micro_batches)
        with LiveBytes() as live:
            state = [tensor for each in optimizer.state.values() for tensor in each.values()]
            for tensor in (*self.model.parameters(), *state):
                live.add(tensor)
            self._step(optimizer, micro_batches)
        return live.peak

    def _step(self, optimizer, micro_batches):
        for _ in range(micro_batches):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.autocast):
                hidden = target_states(self.model, self.batch)
                head = self.model.get_output_embeddings()
                loss = chunked_cross_entropy(hidden=hidden, head=head, target_ids=self.batch.target_ids)
            del hidden
            loss.backward()
        optimizer.step()
        for parameter in self.model.parameters():
            parameter.grad = None


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of the tensors that exist, and the most there ever were."""

    def __init__(self):
        super().__init__()
        self.now = self.peak = 0
        self.known = set()

    def add(self, tensor):
        storage = tensor.untyped_storage()
        address, size = storage._cdata, storage.nbytes()
        if address in self.known or not size:
            return
        self.known.add(address)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._remove, address, size)

    def _remove(self, address, size):
        self.known.discard(address)
        self.now -= size

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        output = function(*args, **(kwargs or {}))
        for each in tree_leaves(output):
            if isinstance(each, torch.Tensor):
                self.add(each)
        return output
