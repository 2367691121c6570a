"""Stage 6: the released model, as any tool loads it."""

from pathlib import Path

from thoughtrank.storage.store import Stage


def export_model(*, stage: Stage, model_folder: Path, card: str, reply_tokens: int) -> None:
    """Write the Hugging Face folder: bf16 weights, tokenizer with its chat template, generation config, model card.

    Args:
        stage: where it goes; locked by the caller.
        model_folder: the model to release.
        card: text of README.md.
        reply_tokens: default length of a generated reply.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    from thoughtrank.library_logging import quiet_libraries

    quiet_libraries()
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.bfloat16)
    model.generation_config = GenerationConfig(
        do_sample=False,
        max_new_tokens=reply_tokens,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model.save_pretrained(stage.folder)
    tokenizer.save_pretrained(stage.folder)
    (stage.folder / "README.md").write_text(card, encoding="utf-8")
    stage.finish()
