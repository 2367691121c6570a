import math

import pytest

from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.judging.swap_sample import SwapSample

REQUESTS = [JudgeRequest(f"q{seed // 4}", "?", (AnswerView("a", "x"),), None, seed) for seed in range(100)]


def chosen(requests, fraction):
    sample = SwapSample(fraction)
    for request in requests:
        sample.add(request, question=request.seed // 4)
    return sample.chosen()


@pytest.mark.parametrize("fraction", [0.001, 0.02, 0.5, 0.995, 1.0])
def test_the_fraction_is_chosen_rounded_up_whatever_the_order(fraction):
    choice = chosen(REQUESTS, fraction)
    sample = [request for request in REQUESTS if request in choice]
    assert len(sample) == math.ceil(fraction * 100)
    again = chosen(REQUESTS[::-1], fraction)
    assert sample == [request for request in REQUESTS if request in again]
    assert choice.questions == {request.seed // 4 for request in sample}


def test_of_nothing_or_no_fraction_nothing_is_chosen():
    for choice in (chosen(REQUESTS, 0.0), chosen([], 1.0)):
        assert not choice.questions
        assert not any(request in choice for request in REQUESTS)
