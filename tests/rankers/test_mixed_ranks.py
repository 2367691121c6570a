import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.judging.protocol import AnswerView, Verdict
from thoughtrank.rankers.call_outcomes import with_verdicts
from thoughtrank.rankers.comparisons import no_comparisons, with_calls
from thoughtrank.rankers.mixed_ranks import MIXED_RANKS, suspicions
from thoughtrank.rankers.plackett_luce import fit
from thoughtrank.rankers.posterior import fit_posterior, posterior_result

IDS = [f"a{index}" for index in range(8)]
HONEST, FOOLED = IDS, ["a7", *IDS[:7]]


def result(*orders):
    answers = [AnswerView(each, each) for each in IDS]
    comparisons = no_comparisons(question_id="q", question="?", answers=answers, reference=None, seed=1, exact=False)
    comparisons = with_calls(comparisons, [answers] * len(orders))
    verdicts = [Verdict("ok", groups=tuple((each,) for each in order)) for order in orders]
    comparisons = with_verdicts(comparisons, list(zip(comparisons.requests(), verdicts, strict=True)))
    return posterior_result(comparisons, fit_posterior(comparisons))


def test_an_answer_that_is_first_or_last_and_nothing_between_is_flagged_and_does_not_win():
    for orders in ([HONEST, FOOLED] * 3, [FOOLED, FOOLED, HONEST] * 2):
        found = result(*orders)
        assert found.flags == {"a7": MIXED_RANKS}
        assert found.groups[0] == ("a0",)
        assert found.p_top["a7"] < 0.3


def test_steady_answers_and_few_calls_are_not_flagged():
    assert result(*[HONEST] * 6).flags == {}
    assert result(HONEST, ["a1", "a0", *IDS[2:]], ["a2", "a0", "a1", *IDS[3:]], HONEST).flags == {}
    assert result(HONEST, FOOLED).flags == {}


def test_one_bad_call_does_not_cost_a_good_answer_its_rank():
    third = result(*[HONEST] * 5, [*IDS[1:3], "a0", *IDS[3:]])
    assert third.flags == {}
    assert third.groups[0] == ("a0",)
    left_out = result(*[HONEST] * 5, IDS[1:])
    assert left_out.flags == {}


@given(st.permutations(range(5)))
def test_a_call_in_which_all_answers_tie_changes_nothing_wherever_it_comes(indices):
    """The ranks in the other four calls are mixed, so the answer is tested."""
    mixed = [[[0], [1], [2], [3]], [[1], [2], [3], [0]]] * 2
    calls = [*mixed, [[0, 1, 2, 3]]]
    orders = [calls[index] for index in indices]
    found = suspicions(orders, shown=[()] * 5, posterior=fit(4, calls))[0]
    expected = suspicions(calls, shown=[()] * 5, posterior=fit(4, calls))[0]
    assert 0 < found.probability < 1
    assert found.probability == pytest.approx(expected.probability)
    assert found.strength == pytest.approx(expected.strength)


def test_very_many_long_calls_do_not_underflow():
    honest = [[each] for each in range(62)]
    fooled = [[61], *honest[:61]]
    orders = [honest, fooled] * 30
    found = suspicions(orders, shown=[()] * 60, posterior=fit(62, orders))
    assert found[61].probability > 0.99
    assert found[61].strength < 0


def test_pairs_are_never_suspicious():
    pairs = [[[0], [1]], [[1], [0]], [[0], [2]], [[2], [0]]] * 5
    assert suspicions(pairs, shown=[()] * len(pairs), posterior=fit(3, pairs)) == {}


@settings(max_examples=40)
@given(st.lists(st.permutations(range(8)), min_size=3, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_calls_and_the_names_do_not_matter(orders, draw):
    groups = [[[each] for each in order] for order in orders]
    shown = [draw.sample(range(8), 8) for _ in orders]
    found = suspicions(groups, shown=shown, posterior=fit(8, groups, shown=shown))
    names = draw.sample(range(8), 8)
    turn = draw.sample(range(len(orders)), len(orders))
    renamed = [[[names[each] for each in group] for group in groups[number]] for number in turn]
    shown_as = [[names[each] for each in shown[number]] for number in turn]
    again = suspicions(renamed, shown=shown_as, posterior=fit(8, renamed, shown=shown_as))
    assert {names[each]: one.probability for each, one in found.items()} == pytest.approx(
        {each: one.probability for each, one in again.items()}, abs=1e-4
    )
    assert all(0 <= one.probability <= 1 for one in found.values())


def test_noise_alone_is_rarely_suspicious():
    flagged = 0
    for seed in range(60):
        draw = random.Random(seed)
        flagged += len(result(*[draw.sample(IDS, 8) for _ in range(6)]).flags)
    assert flagged <= 60 * 8 // 50
