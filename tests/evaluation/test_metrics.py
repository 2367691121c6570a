from dataclasses import replace

import pytest

from thoughtrank.evaluation.metrics import HeldOutReply, read_metrics


def reply(right, *, arm="thought", unseen=False, family="sums", well_formed=True, tokens=10, finish="stop"):
    return HeldOutReply(
        question_id="q",
        family=family,
        unseen=unseen,
        arm=arm,
        reply="a reply",
        answer="7",
        right=right,
        thought_well_formed=well_formed,
        reply_tokens=tokens,
        reply_finish=finish,
    )


def test_the_accuracy_of_each_arm_is_the_fraction_of_right_replies_within_its_interval():
    replies = [reply(right) for right in (True, True, True, False)]
    metrics = read_metrics([*replies, reply(True, arm="room_to_reason"), reply(False, arm="room_to_reason")])
    assert (metrics["n"], metrics["accuracy"], metrics["direct_accuracy"]) == (4, 0.75, 0.5)
    # The Wilson interval of 3 of 4 by its formula, with z = 1.96.
    assert (metrics["accuracy_low"], metrics["accuracy_high"]) == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert metrics["direct_low"] < 0.5 < metrics["direct_high"]


def test_replies_without_a_reference_count_for_no_accuracy_and_not_in_the_n_beside_it():
    metrics = read_metrics([reply(True), reply(None), reply(None, family="plans"), reply(None, unseen=True)])
    assert (metrics["n"], metrics["accuracy"], metrics["family_macro_accuracy"]) == (1, 1.0, 1.0)
    assert metrics["families"] == {"sums": {"n": 1, "right": 1}}
    assert metrics["arms"]["thought"]["n"] == 1
    # Where nothing has a reference, it is the number of questions.
    assert (metrics["unseen_n"], metrics["unseen_accuracy"]) == (1, None)
    assert metrics["direct_accuracy"] is metrics["direct_low"] is metrics["direct_high"] is None


def test_unseen_families_are_apart_from_the_others():
    metrics = read_metrics(
        [reply(True), reply(False, unseen=True, tokens=99), reply(True, unseen=True, arm="room_to_reason")]
    )
    assert (metrics["n"], metrics["accuracy"], metrics["reply_tokens"]) == (1, 1.0, 10)
    assert (metrics["unseen_n"], metrics["unseen_accuracy"]) == (1, 0.0)
    assert metrics["direct_accuracy"] is None


def test_rates_and_lengths_are_those_of_the_unprefixed_arm():
    metrics = read_metrics(
        [
            reply(True, tokens=10),
            reply(True, tokens=30, well_formed=False, finish="length"),
            reply(True, arm="room_to_reason", tokens=500, well_formed=False, finish="length"),
        ]
    )
    assert (metrics["thought_rate"], metrics["reply_tokens"], metrics["truncation_rate"]) == (0.5, 20, 0.5)
    assert metrics["direct_truncation_rate"] == 1.0


def test_families_are_counted_with_their_right_replies_and_questions_without_a_family_or_a_reference_are_not():
    metrics = read_metrics(
        [
            reply(True),
            reply(False),
            reply(True, family="unseen kind", unseen=True),
            reply(True, family=None),
            reply(True, arm="room_to_reason"),
            reply(None, family="open"),
        ]
    )
    assert metrics["families"] == {
        "sums": {"n": 2, "right": 1},
        "unseen kind": {"n": 1, "right": 1},
    }


def test_each_arm_has_figures_of_its_own():
    metrics = read_metrics(
        [
            *(reply(right) for right in (True, False)),
            *(reply(right, arm="own_thought") for right in (True, True, False, False)),
            reply(True, arm="own_thought", unseen=True),
        ]
    )
    assert metrics["arms"].keys() == {"thought", "own_thought"}
    own = metrics["arms"]["own_thought"]
    assert (own["n"], own["accuracy"], own["unseen_accuracy"]) == (4, 0.5, 1.0)
    assert own["low"] < 0.5 < own["high"]
    assert metrics["arms"]["thought"]["unseen_accuracy"] is None


def test_an_answer_follows_its_thought_where_it_equals_the_edit():
    rows = [replace(reply(False, arm="edited_thought"), edit=edit) for edit in ("7.0", "8", "9", "7")]
    assert [row.follows for row in rows] == [True, False, False, True]
    assert reply(True).follows is None
    assert read_metrics(rows)["arms"]["edited_thought"]["follows"] == 0.5


def test_every_family_has_the_same_weight_in_the_macro_accuracy():
    metrics = read_metrics(
        [
            *(reply(True, family="sums") for _ in range(8)),
            reply(False, family="chains"),
            reply(False, family="chains"),
            reply(None, family="open"),
            reply(True, family="unseen kind", unseen=True),
            reply(False, family="sums", arm="room_to_reason"),
        ]
    )
    assert (metrics["accuracy"], metrics["family_macro_accuracy"]) == (0.8, 0.5)


def test_without_replies_nothing_is_known():
    metrics = read_metrics([])
    assert (metrics["n"], metrics["unseen_n"], metrics["families"]) == (0, 0, {})
    assert {metrics[name] for name in ("accuracy", "thought_rate", "reply_tokens", "truncation_rate")} == {None}
