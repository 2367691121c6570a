"""The family of a model, by its name: a judge tends to prefer its own family's writing."""

import re

_FAMILIES = {
    "gpt": r"gpt|chatgpt|davinci|^o[0-9]",
    "claude": r"claude",
    "gemini": r"gemini",
    "gemma": r"gemma",
    "llama": r"llama|vicuna|alpaca",
    "qwen": r"qwen|qwq",
    "mistral": r"mi[sx]tral|ministral|codestral|magistral",
    "deepseek": r"deepseek",
    "smollm": r"smollm",
    "phi": r"^phi",
    "olmo": r"olmo|tulu",
    "granite": r"granite",
    "falcon": r"falcon",
    "command": r"^(?:c4ai-)?command|aya",
    "grok": r"grok",
    "glm": r"glm",
    "kimi": r"kimi",
}


def model_family(name: str) -> str | None:
    """ "llama" for ``meta-llama/Llama-3.3-70B-Instruct``; for an unknown name its first letters; None without letters.

    A name with several families ("DeepSeek-R1-Distill-Qwen-7B") belongs to the last: the weights decide how it writes.
    """
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1].lower()
    found = {family: match.start() for family, pattern in _FAMILIES.items() if (match := re.search(pattern, last))}
    if found:
        return max(found, key=lambda family: found[family])
    letters = re.search(r"[a-z]+", last)
    return letters.group() if letters else None
