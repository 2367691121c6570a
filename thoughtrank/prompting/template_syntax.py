"""Whether the chat template of a model folder can be parsed, found before a tokenizer is loaded."""

import re
from pathlib import Path

from thoughtrank.storage.json_files import read_json_object

_GENERATION = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
"""A tag of transformers' own, around the text of a reply; it renders nothing."""


def template_fault(folder: Path) -> str | None:
    """Why the chat template of a folder cannot be parsed; None where it can, or where there is none.

    Args:
        folder: in Hugging Face format: the template is a file of its own, or inside ``tokenizer_config.json``.
    """
    template = _template(folder)
    if template is None:
        return None
    from jinja2 import TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    try:
        environment.parse(_GENERATION.sub("", template))
    except TemplateSyntaxError as error:
        return f"line {error.lineno} of its chat template cannot be parsed ({error.message})"
    return None


def _template(folder: Path) -> str | None:
    try:
        return (folder / "chat_template.jinja").read_text(encoding="utf-8")
    except (OSError, ValueError):
        stated = (read_json_object(folder / "tokenizer_config.json") or {}).get("chat_template")
    if isinstance(stated, list):  # several templates by their names
        stated = next((each.get("template") for each in stated if each.get("name") == "default"), None)
    return stated if isinstance(stated, str) else None
