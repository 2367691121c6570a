import json

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.arm_questions import questions_by_arm
from thoughtrank.config.dry_run.control_plan import (
    control_lines,
    control_seconds,
    evaluation_seconds,
    generation_seconds,
    training_seconds,
)
from thoughtrank.config.dry_run.machine_rates import Rates
from thoughtrank.config.schema import load_config
from thoughtrank.controls.answers_only import AnswerCopies


def lines(*overrides, weights=100_000_000):
    config = load_config(composed(*overrides))
    components = make_components(config)
    return control_lines(config, components, weights=weights, held_out=questions_by_arm(config, components))


def test_without_controls_the_plan_has_no_line():
    assert lines("controls=[]") == []


def test_trainings_questions_arms_and_time_are_stated():
    line, *_ = lines("questions.held_out=30", "questions.held_out_unseen=12")
    assert "answers only, copies; answers only, pairs: each replays the last training" in line
    assert "42 held-out questions" in line
    assert "4 arms, very roughly " in line
    assert "in 2 arms" in lines("evaluation.arms=[thought,answer_at_once]")[0]


def test_nothing_is_said_of_the_time_where_the_size_of_the_model_is_unknown():
    assert "roughly" not in lines(weights=None)[0]


def test_from_the_previous_round_every_training_is_replayed():
    assert "the trainings of all rounds" in lines("training.start=previous", "rounds=3")[0]


@pytest.mark.parametrize(
    ("overrides", "stated"),
    [
        (("questions.development=25",), "early stopping on 25 development questions"),
        (("questions.development=0",), "no early stopping, since there are no development questions"),
        (("questions.development=25", "strategy=fsdp"), "no early stopping, since fsdp shards the weights"),
    ],
)
def test_it_is_stated_whether_training_stops_early(overrides, stated):
    assert stated in "\n".join(lines(*overrides))
    assert "early stopping" not in "\n".join(lines(*overrides, "controls=[random_thoughts]"))


def test_the_samples_of_a_control_cost_a_free_reply():
    config, arms = load_config(composed()), {"thought": 100, "answer_at_once": 100}
    seconds = [
        evaluation_seconds(AnswerCopies(), config, held_out=each, weights=1, rate=2.0)
        for each in (arms, {**arms, "best_of_n": 100})
    ]
    assert seconds[1] - seconds[0] == pytest.approx(100 * (60 + 0.5 * config.reply_tokens))


@pytest.fixture
def without_answers(tmp_path):
    rows = [json.dumps({"question": f"Who was the number {number}?"}) for number in range(60)]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(rows))
    return ["questions=file", f"questions.path={path}", "questions.held_out=7", "questions.development=5"]


def test_without_short_reference_answers_controls_are_asked_less_and_do_not_stop_early(without_answers):
    replayed, early, *_ = lines(*without_answers, "questions.train_per_round=2", "rounds=1")
    assert "answers 7 held-out questions in 2 arms, very roughly" in replayed
    assert "no early stopping, since no development question has a short reference answer" in early


def test_it_is_stated_when_weights_are_deleted():
    assert "weights are deleted" not in "\n".join(lines("keep=all"))
    assert "keep=last: their weights are deleted once they are evaluated" in lines("keep=last")[-1].strip()


def test_a_replay_of_all_rounds_takes_longer_than_that_of_the_last():
    def seconds(*overrides):
        config = load_config(composed("training.min_steps=0", *overrides))
        return training_seconds(config, make_components(config), weights=10**8, rate=1e11)

    last = seconds("training.start=base", "training.examples=all", "rounds=4")
    assert seconds("training.start=previous", "training.examples=all", "rounds=4") == pytest.approx(2.5 * last)
    assert seconds("training.start=base", "training.examples=round", "rounds=4") == pytest.approx(last / 4)


def test_a_control_with_candidates_of_its_own_has_a_line_that_says_what_it_repeats():
    replayed, _, line = lines(
        "controls=[answers_only,sampled_prefixes]", "questions.held_out=30", "questions.held_out_unseen=12"
    )
    assert "sampled prefixes" not in replayed
    assert line.strip().startswith(
        "sampled prefixes: all rounds again, with as many candidates, judge calls and trainings"
    )
    assert "42 held-out questions in 3 arms, very roughly " in line
    [only] = lines("controls=[sampled_prefixes]")
    assert only.startswith("  controls    sampled prefixes: ")


def test_the_controls_of_a_run_take_the_time_of_each():
    rates = Rates(generation=1e11, evaluation=1e11, training=1e11)

    def seconds(controls):
        config = load_config(composed(f"controls={controls}"))
        components = make_components(config)
        held_out = questions_by_arm(config, components)
        return control_seconds(config, components, weights=10**8, held_out=held_out, rates=rates)

    assert seconds("[]") == 0
    assert seconds("[answers_only,sampled_prefixes]") == pytest.approx(
        seconds("[answers_only]") + seconds("[sampled_prefixes]")
    )


def test_its_time_includes_the_candidates_and_every_training():
    def seconds(*overrides):
        config = load_config(composed("selection.thoughts=hash", *overrides))
        return generation_seconds(config, make_components(config), weights=10**8, rate=1e11)

    fewer = seconds("rounds=2", "questions.train_per_round=10")
    assert fewer > 0
    assert seconds("rounds=4", "questions.train_per_round=10") == pytest.approx(2 * fewer)
    config = load_config(composed("training.start=base", "training.examples=round", "rounds=4"))
    components = make_components(config)
    one, every = (
        training_seconds(config, components, weights=10**8, rate=1e11, every_round=each) for each in (False, True)
    )
    assert every == pytest.approx(4 * one)
