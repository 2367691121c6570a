from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.question_weights import equal_question_weights


def example(question, targets):
    return EncodedExample(token_ids=tuple(range(targets + 2)), first_target=2, question_id=question)


def test_the_examples_of_a_question_share_its_weight():
    examples = [example("q1", 4), example("q2", 4), example("q1", 4), example("q1", 4)]
    assert list(equal_question_weights(examples)) == pytest.approx([2 / 3, 2, 2 / 3, 2 / 3])


def test_where_every_question_has_one_example_all_weigh_one():
    assert list(equal_question_weights([example("q1", 4), example("q2", 9)])) == [1.0, 1.0]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 30)), min_size=1, max_size=20))
def test_the_weights_of_all_targets_add_up_to_their_number_and_each_question_weighs_its_mean_length(rows):
    weights = equal_question_weights([example(*row) for row in rows])
    assert sum(weight * targets for weight, (_, targets) in zip(weights, rows, strict=True)) == pytest.approx(
        sum(targets for _, targets in rows)
    )
    totals, targets_of, counts = Counter(), Counter(), Counter()
    for weight, (question, targets) in zip(weights, rows, strict=True):
        totals[question] += weight * targets
        targets_of[question] += targets
        counts[question] += 1
    ratios = [totals[each] * counts[each] / targets_of[each] for each in totals]
    assert ratios == pytest.approx([ratios[0]] * len(ratios))
