from thoughtrank.finetuning.weight_formats import arithmetic_format, parameter_bytes


def test_the_text_names_only_what_takes_memory():
    text = parameter_bytes(weights="bf16_kahan", state_bytes=4).text()
    assert text == "10 bytes per parameter (2 weights + 2 gradients + 4 optimizer state + 2 compensation)"


def test_bf16_weights_compute_in_bf16_whatever_lightning_calls_it():
    assert [arithmetic_format("32-true", weights=each) for each in ("fp32_master", "bf16", "bf16_kahan")] == [
        "32-true",
        "bf16-true",
        "bf16-true",
    ]
    assert [arithmetic_format(each, weights="fp32_master") for each in ("bf16-mixed", "bf16-true")] == [
        "bf16-mixed",
        "bf16-true",
    ]
