"""A small random Llama with a real tokenizer, built in a second: for tests and for trying a config."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import PositiveInt

from thoughtrank.instantiate import Component
from thoughtrank.models.decoder_shape import DecoderShape
from thoughtrank.models.protocol import ModelFacts, ModelSource
from thoughtrank.user_input.number_ranges import Seed

if TYPE_CHECKING:
    from transformers import LlamaConfig, PreTrainedTokenizerFast

_TEXT = (
    "Tom has 12 apples and buys 7 more. How many apples does he have now? "
    "First add the numbers: 12 + 7 = 19. So the answer is 19. <thought>a</thought> <thought>Let's think</thought> "
    "Each box holds 6 pens, so 4 boxes hold 6 * 4 = 24 pens. There are 30 - 8 = 22 birds left. 1 2 3 4 5 6 7 8 9 0 "
)
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class TinyModel(Component, ModelSource):
    """A random Llama.

    Args:
        seed: of the weights.
        hidden_size: a multiple of twice ``heads``.
        layers: number of decoder layers.
        heads: query heads; half as many key-value heads.
        vocabulary: number of tokens of a byte-level BPE that is trained on a built-in text.
        context: longest sequence in tokens.
    """

    def __init__(
        self,
        *,
        seed: Seed = 0,
        hidden_size: PositiveInt = 64,
        layers: PositiveInt = 2,
        heads: int = 4,
        vocabulary: PositiveInt = 384,
        context: PositiveInt = 4096,
    ) -> None:
        self.seed = seed
        self.hidden_size = hidden_size
        self.layers = layers
        self.heads = heads
        self.vocabulary = vocabulary
        self.context = context

    def faults(self) -> list[str]:
        """See ``ModelSource``."""
        if self.heads < 2 or self.heads % 2 or self.hidden_size % (self.heads * 2):
            return [
                f"model.hidden_size={self.hidden_size}: not a multiple of twice model.heads={self.heads}, or that is not even"
            ]
        return []

    def facts(self) -> ModelFacts:
        """See ``ModelSource``."""
        return ModelFacts(name="a random Llama", license="apache-2.0")

    def num_parameters(self) -> int | None:
        """See ``ModelSource``; an upper bound."""
        return self.vocabulary * self.hidden_size + self.layers * 12 * self.hidden_size**2

    def context_tokens(self) -> int | None:
        """See ``ModelSource``."""
        return self.context

    def decoder_shape(self) -> DecoderShape:
        """See ``ModelSource``; the vocabulary is an upper bound."""
        return DecoderShape(
            layers=self.layers,
            hidden_size=self.hidden_size,
            intermediate_size=2 * self.hidden_size,
            heads=self.heads,
            kv_heads=self.heads // 2,
            head_dim=self.hidden_size // self.heads,
            vocabulary=self.vocabulary,
        )

    def write(self, folder: Path) -> None:
        """See ``ModelSource``."""
        import torch
        from transformers import LlamaForCausalLM

        tokenizer = self._tokenizer()
        tokenizer.save_pretrained(folder)
        torch.manual_seed(self.seed)
        model = LlamaForCausalLM(self._config(tokenizer))
        model.bfloat16().save_pretrained(folder)

    def _tokenizer(self) -> "PreTrainedTokenizerFast":
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
        from transformers import PreTrainedTokenizerFast

        core = Tokenizer(models.BPE())
        core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        core.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=self.vocabulary,
            special_tokens=["<|im_start|>", "<|im_end|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        core.train_from_iterator([_TEXT], trainer)
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|im_end|>")
        tokenizer.chat_template = _TEMPLATE
        return tokenizer

    def _config(self, tokenizer: "PreTrainedTokenizerFast") -> "LlamaConfig":
        from transformers import LlamaConfig

        return LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=self.hidden_size,
            intermediate_size=2 * self.hidden_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads // 2,
            max_position_embeddings=self.context,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            # The usual 0.02 gives a tiny model almost flat logits; near ties would make greedy decoding fragile.
            initializer_range=0.2,
        )
