import dataclasses

import pytest

from thoughtrank.config.dry_run.generation_rate import H100, Decoding, generated_per_second, roofline

LLAMA = Decoding(weights=3_212_749_824, kv_bytes=114_688, new_tokens=300, branches=992)


def longer(new_tokens, **changes):
    return dataclasses.replace(LLAMA, new_tokens=new_tokens, **changes)


def test_what_was_measured_with_300_tokens_is_expected():
    assert generated_per_second(H100, LLAMA) == pytest.approx(45_160, rel=0.02)


def test_short_texts_are_not_expected_to_be_faster_than_they_were():
    assert generated_per_second(H100, longer(64)) < 57_040
    assert generated_per_second(H100, longer(64, branches=248)) < 42_560


def test_longer_texts_are_slower_because_their_keys_and_values_are_read_in_each_step():
    assert roofline(H100, longer(300)) == roofline(H100, longer(64))  # matmuls are the limit
    assert roofline(H100, longer(800)) == pytest.approx(57_000, rel=0.04)
    assert roofline(H100, longer(1306)) < 0.7 * roofline(H100, longer(800))


def test_few_branches_read_the_weights_for_few_tokens():
    assert roofline(H100, longer(800, branches=62)) == pytest.approx(20_100, rel=0.03)


def test_no_more_branches_are_decoded_together_than_fit():
    rates = {branches: roofline(H100, longer(1306, branches=branches)) for branches in (900, 960, 4000)}
    assert rates[900] < rates[960] == rates[4000]  # 929 of them fill the memory


def test_without_the_size_of_keys_and_values_only_weights_and_matmuls_count():
    assert roofline(H100, longer(1306, kv_bytes=None)) == roofline(H100, longer(0))


def test_a_model_that_does_not_fit_is_decoded_branch_by_branch():
    assert 0 < roofline(H100, longer(300, weights=10**11)) < 20
