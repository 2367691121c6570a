from thoughtrank.finetuning.weight_formats import parameter_bytes


def test_the_text_names_only_what_takes_memory():
    text = parameter_bytes(weights="bf16_kahan", state_bytes=4).text()
    assert text == "10 bytes per parameter (2 weights + 2 gradients + 4 optimizer state + 2 compensation)"
