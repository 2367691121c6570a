"""Small random models of many families, 2 layers of 32, as folders with the tokenizer of the tiny model."""

import shutil
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

VOCABULARY = 384
END = 1
"""The token that ends a reply of the tiny model's tokenizer."""
_GEMMA = {"intermediate_size": 48, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}
_TEXT = {"hidden_size": 32, "num_hidden_layers": 2, "max_position_embeddings": 256}
_LLAMA = {**_TEXT, "intermediate_size": 48, "num_attention_heads": 4, "num_key_value_heads": 2}
_VISION = {
    **{"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2},
    **{"image_size": 8, "patch_size": 4},
}
_EXPERTS = {"num_experts_per_tok": 2}
_NO_DROPOUT = {"attn_pdrop": 0.0, "resid_pdrop": 0.0, "embd_pdrop": 0.0}
_GPT = {"n_layer": 2, "n_head": 4, "n_embd": 32, "n_positions": 256, **_NO_DROPOUT}
SETTINGS = {
    "gpt2": _GPT,
    "gptj": {**_GPT, "rotary_dim": 4},
    "bloom": {"n_layer": 2, "n_head": 4, "hidden_size": 32},
    "mpt": {"n_layers": 2, "n_heads": 4, "d_model": 32, "max_seq_len": 256},
    "falcon": {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32},
    "mamba": {"num_hidden_layers": 2, "hidden_size": 32, "state_size": 4, "time_step_rank": 4},
    "gemma2": {**_TEXT, **_GEMMA},
    "cohere": _LLAMA,
    "mixtral": {**_LLAMA, **_EXPERTS, "num_local_experts": 4},
    "qwen3_moe": {**_LLAMA, **_EXPERTS, "num_experts": 4, "moe_intermediate_size": 16, "head_dim": 8},
    "gemma3": {
        "text_config": {**_TEXT, **_GEMMA, "vocab_size": VOCABULARY},
        "vision_config": _VISION,
        "mm_tokens_per_image": 4,
    },
}


def config_of(kind: str, **changes: object) -> PreTrainedConfig:
    """The config of a small model of a family."""
    settings = {**SETTINGS[kind], **changes}
    if kind != "gemma3":
        settings |= {"vocab_size": VOCABULARY}
    return CONFIG_MAPPING[kind](**settings, bos_token_id=END, eos_token_id=END, pad_token_id=END)


def model_of(kind: str, **changes: object):
    """A random model with weights large enough to tell its tokens apart."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config_of(kind, **changes)).float()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    return model.eval()


def write_kind(kind: str, folder: Path, *, tokenizer: Path, **changes: object) -> Path:
    """The same as a folder that loads."""
    model_of(kind, **changes).save_pretrained(folder)
    for path in tokenizer.glob("*token*"):
        shutil.copy(path, folder)
    for path in tokenizer.glob("*.jinja"):
        shutil.copy(path, folder)
    return folder
