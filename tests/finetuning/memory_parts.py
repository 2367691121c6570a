"""The recipe's training, for the tests of its memory."""

from thoughtrank.finetuning.adapters import NoAdapter
from thoughtrank.finetuning.memory.setup import TrainingParts
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.strategies import AutoStrategy
from thoughtrank.models.decoder_shape import DecoderShape

LLAMA_3B = DecoderShape(
    layers=28, hidden_size=3072, intermediate_size=8192, heads=24, kv_heads=8, head_dim=128, vocabulary=128256
)


def parts_of(**changes):
    settings = {
        "optimizer": AdamW(lr=1e-5),
        "adapter": NoAdapter(),
        "strategy": AutoStrategy(accelerator="cuda"),
        "weights": "fp32_master",
        "precision": "bf16-mixed",
        "packing": True,
        "compile": False,
        "batch_size": 16,
        "micro_batch_size": 16,
        "micro_batch_tokens": 4096,
        "longest_example": 2304,
    }
    return TrainingParts(**{**settings, **changes})
