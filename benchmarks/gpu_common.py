"""What the parts of ``gpu.py`` share: their options, the JSON lines they print, the time limit, and the random model."""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import LlamaConfig

    from thoughtrank.models.decoder_shape import DecoderShape

GRACE_SECONDS = {"cuda": 15.0, "cpu": 120.0}
"""A part begins nothing more after its time; this much later it is killed. The CPU only tries it, at any speed."""
NO_TIME = "no time left"
"""How the error of a measurement begins that was not made for want of time; all others fail the part."""
CEILINGS = "ceilings.json"
_COMPLETE = "_complete"
_PREFIX_WORD = "w"


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama, and the sizes at which it is measured.

    Attributes:
        config: of transformers.
        branches: numbers of branches that are decoded together, from few to many.
        generate_branches: the same of ``generate`` of transformers.
        branches_per_question: that share a prompt.
        prompt_tokens: of each prompt.
        new_tokens: of each branch.
        long_tokens: of each branch in the one measurement with longer answers.
        sequence: tokens of a packed micro-batch.
        example_tokens: of the short training examples.
    """

    config: dict[str, Any]
    branches: tuple[int, ...]
    generate_branches: tuple[int, ...]
    branches_per_question: int
    prompt_tokens: int
    new_tokens: int
    long_tokens: int
    sequence: int
    example_tokens: int

    @property
    def head_dim(self) -> int:
        """Values per head."""
        return self.config["hidden_size"] // self.config["num_attention_heads"]

    @property
    def decoder(self) -> "DecoderShape":
        """The same as the estimates of memory have it."""
        from thoughtrank.models.decoder_shape import DecoderShape

        return DecoderShape(
            layers=self.config["num_hidden_layers"],
            hidden_size=self.config["hidden_size"],
            intermediate_size=self.config["intermediate_size"],
            heads=self.config["num_attention_heads"],
            kv_heads=self.config["num_key_value_heads"],
            head_dim=self.head_dim,
            vocabulary=self.config["vocab_size"],
        )

    @property
    def layer_weights(self) -> int:
        """Weights of all matrices of the layers."""
        hidden, inner = self.config["hidden_size"], self.config["intermediate_size"]
        keys = self.config["num_key_value_heads"] * self.head_dim
        return self.config["num_hidden_layers"] * (2 * hidden * hidden + 2 * hidden * keys + 3 * hidden * inner)

    @property
    def head_weights(self) -> int:
        """Weights of the output layer, which are those of the embedding as well."""
        return self.config["hidden_size"] * self.config["vocab_size"]

    @property
    def kv_bytes_per_token(self) -> int:
        """Keys and values of one token in bfloat16."""
        return 2 * 2 * self.config["num_hidden_layers"] * self.config["num_key_value_heads"] * self.head_dim


_SIZES = ("num_hidden_layers", "hidden_size", "num_attention_heads", "num_key_value_heads", "intermediate_size")
SHAPES = {
    "3b": Shape(
        config=dict(zip((*_SIZES, "vocab_size"), (28, 3072, 24, 8, 8192, 128256), strict=True)),
        branches=(62, 248, 992, 1984),
        generate_branches=(62, 248, 496, 992),
        branches_per_question=62,
        prompt_tokens=128,
        new_tokens=64,
        long_tokens=300,
        sequence=4096,
        example_tokens=410,
    ),
    "tiny": Shape(
        config=dict(zip((*_SIZES, "vocab_size"), (2, 64, 4, 2, 128, 512), strict=True)),
        branches=(4, 8),
        generate_branches=(4, 8),
        branches_per_question=4,
        prompt_tokens=16,
        new_tokens=8,
        long_tokens=12,
        sequence=64,
        example_tokens=16,
    ),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part, as its command line asks for it.

    Attributes:
        name: of the part.
        device: ``cuda`` or ``cpu``.
        shape: of the random model.
        work: folder that the parts share.
        until: when to begin nothing more, in seconds of ``time.monotonic``.
        variants: how many of the settings that it has are tried, the first ones; None for all.
    """

    name: str
    device: str
    shape: Shape
    work: Path
    until: float
    variants: int | None = None

    @property
    def on_card(self) -> bool:
        """Whether a CUDA device is measured."""
        return self.device == "cuda"

    def left(self) -> float:
        """Seconds left."""
        return self.until - time.monotonic()

    def patience(self) -> float:
        """Seconds left for something that has begun."""
        return self.left() + (0.0 if self.on_card else 0.9 * GRACE_SECONDS["cpu"])

    def emit(self, **figures: object) -> None:
        """Print one JSON line."""
        print(json.dumps({"part": self.name, **{name: rounded(value) for name, value in figures.items()}}), flush=True)

    def sync(self) -> None:
        """Wait for the device."""
        if self.on_card:
            import torch

            torch.cuda.synchronize()

    def seconds(self, run: Callable[[], object], *, repetitions: int) -> float:
        """Median seconds of ``run`` over so many repetitions after one that warms up."""
        taken = []
        for _ in range(repetitions + 1):
            self.sync()
            started = time.perf_counter()
            run()
            self.sync()
            taken.append(time.perf_counter() - started)
        return median(taken[1:])

    def peak_gb(self) -> float:
        """Peak memory of this process on the device (of the process itself on the CPU), in GB."""
        if self.on_card:
            import torch

            return torch.cuda.max_memory_allocated() / 1e9
        from thoughtrank.finetuning.callbacks.throughput import peak_resident

        return peak_resident() / 1e9

    def ceilings(self) -> dict[str, float]:
        """What the part ``ceilings`` measured; empty where it failed."""
        path = self.work / CEILINGS
        return json.loads(path.read_text()) if path.exists() else {}


def rounded(value: object) -> object:
    """Floats with four significant digits."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def parse_part(name: str) -> Part:
    """The command line of a part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", choices=["cuda", "cpu"], required=True)
    parser.add_argument("--shape", choices=sorted(SHAPES), required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--variants", type=int)
    options = parser.parse_args()
    return Part(
        name=name,
        device=options.device,
        shape=SHAPES[options.shape],
        work=options.work,
        until=time.monotonic() + options.seconds,
        variants=options.variants,
    )


def words(number: int, *, start: int, vocabulary: int) -> list[str]:
    """Words of the random model's tokenizer, one token each."""
    # Knuth's multiplicative hash: words that look random and need no state.
    return [f"{_PREFIX_WORD}{1 + place * 2654435761 % (vocabulary - 1)}" for place in range(start, start + number)]


def llama_config(shape: Shape) -> "LlamaConfig":
    """The config of the random model."""
    from transformers import LlamaConfig

    return LlamaConfig(
        **shape.config, tie_word_embeddings=True, max_position_embeddings=8192, eos_token_id=0, pad_token_id=0
    )


def random_model(part: Part) -> Path:
    """The folder of a random Llama in bfloat16 whose tokenizer has one word per token; made by the part that comes first."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    folder = part.work / "model"
    if (folder / _COMPLETE).exists():
        return folder
    vocabulary = {f"{_PREFIX_WORD}{number}": number for number in range(part.shape.config["vocab_size"])}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="w0"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=core, eos_token="w0", pad_token="w0").save_pretrained(folder)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(part.device):
            model = LlamaForCausalLM(llama_config(part.shape))
    finally:
        torch.set_default_dtype(torch.float32)
    model.save_pretrained(folder, max_shard_size="2GB")
    (folder / _COMPLETE).touch()
    return folder
