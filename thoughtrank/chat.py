"""Talk to a released model: ``python -m thoughtrank.chat FOLDER [QUESTION]``."""

import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer the question given, or questions typed one per line until an empty one."""
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "config.json").exists():
        sys.exit(
            "usage: python -m thoughtrank.chat FOLDER [QUESTION]   (FOLDER holds a model, such as runs/NAME/export)"
        )
    from transformers import AutoModelForCausalLM, AutoTokenizer, TextStreamer

    from thoughtrank.library_logging import quiet_libraries
    from thoughtrank.prompting.chat_template import ChatTemplate

    quiet_libraries()
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    model: Any = AutoModelForCausalLM.from_pretrained(sys.argv[1])
    chat = ChatTemplate(tokenizer)
    streamer = TextStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    questions = [" ".join(sys.argv[2:])] if len(sys.argv) > 2 else iter(lambda: input("> ").strip(), "")
    try:
        for question in questions:
            inputs: Any = tokenizer(chat.prompt(question), add_special_tokens=False, return_tensors="pt")
            model.generate(**inputs, streamer=streamer)
    except (EOFError, KeyboardInterrupt):
        print()


if __name__ == "__main__":
    main()
