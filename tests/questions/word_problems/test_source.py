"""Which question comes when, and what the settings may be."""

import collections
import inspect
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_texts import FAMILIES, rounds_of, shown, source

from thoughtrank.errors import UserError
from thoughtrank.questions.word_problems.splits import TRAINED, UNSEEN

ROOT = Path(__file__).parents[3]
SEEDS = st.integers(min_value=-(2**40), max_value=2**40)


def key(question):
    return question.family, tuple(sorted(shown(question)))


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, other_seed=SEEDS)
def test_held_out_numbers_are_never_trained_on_whatever_the_seed(seed, other_seed):
    problems = source(seed=seed, development=200)
    held_out = {key(question) for question in problems.evaluation()}
    development = {key(question) for question in problems.development()}
    assert held_out.isdisjoint(development)
    for each in (seed, other_seed):
        assert (held_out | development).isdisjoint(key(question) for question in rounds_of(source(seed=each), 12))


@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_test_and_development_questions_are_the_same_under_every_seed(seed):
    assert source(seed=seed).evaluation() == source().evaluation()
    assert source(seed=seed, development=50).development() == source(development=50).development()


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 150), st.integers(0, 50), st.integers(0, 100))
def test_more_questions_keep_the_first_ones(held_out, unseen, development):
    few = source(held_out=held_out, held_out_unseen=unseen, development=development)
    many = source(held_out=200, held_out_unseen=80, development=100)
    assert few.evaluation() == many.evaluation()[:held_out] + many.evaluation()[200 : 200 + unseen]
    assert few.development() == many.development()[:development]


def test_the_same_numbers_in_another_order_are_the_same_problem():
    # Without clock times, whose texts show the hour twice.
    questions = [each for each in rounds_of(source(max_steps=1, max_number=10), 20) if each.family != "clock_time"]
    by_problem = collections.defaultdict(list)
    for question in questions:
        by_problem[question.problem].append(question)
    for each in by_problem.values():
        assert len({key(question) for question in each}) == 1, each
    assert len(by_problem) == len({key(question) for question in questions}) < len(questions)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_asked_twice(seed):
    problems = source(seed=seed, development=100)
    questions = rounds_of(problems, 30) + problems.evaluation() + problems.development()
    assert len({question.question_id for question in questions}) == len(questions) == 30 * 48 + 280 + 100
    assert len({question.text for question in questions}) == len(questions)


def test_a_round_depends_on_nothing_but_the_seed_and_the_round():
    assert source().train(7) == rounds_of(source(held_out=3, held_out_unseen=0), 7)[-48:]
    assert source().evaluation()[:200] == source(train_per_round=1).evaluation()[:200]
    assert source().train(1) != source(seed=1).train(1)


def test_rounds_are_consecutive_pieces_of_one_stream():
    assert rounds_of(source(train_per_round=10), 6) == rounds_of(source(train_per_round=20), 3)


def test_the_same_questions_come_out_in_another_process():
    program = (
        "import hashlib; from thoughtrank.questions.word_problems.source import WordProblems;"
        "p = WordProblems(seed=5, train_per_round=48, held_out=64, held_out_unseen=20, development=9);"
        "print(hashlib.sha256(repr(p.train(2) + p.evaluation() + p.development()).encode()).hexdigest())"
    )
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", program]
        digests.add(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    assert len(digests) == 1


def test_families_are_balanced_in_every_round_and_in_evaluation():
    problems = source()
    for number in range(1, 6):
        counts = collections.Counter(question.family for question in problems.train(number))
        assert counts.keys() == {family.name for family in TRAINED}
        # A round is a piece of a stream that is balanced over 21 questions; it may cut into one at both ends.
        assert max(counts.values()) - min(counts.values()) <= 2
    evaluation = problems.evaluation()
    seen = collections.Counter(question.family for question in evaluation if not question.unseen)
    unseen = collections.Counter(question.family for question in evaluation if question.unseen)
    assert seen.keys() == {family.name for family in TRAINED}
    assert max(seen.values()) - min(seen.values()) <= 1
    assert unseen == {family.name: 16 for family in UNSEEN}


def test_unseen_questions_come_last_and_are_never_trained_on():
    problems = source()
    flags = [question.unseen for question in problems.evaluation()]
    assert flags == [False] * 200 + [True] * 80
    assert not any(question.unseen for question in rounds_of(problems, 3))
    assert {family.name for family in TRAINED}.isdisjoint(family.name for family in UNSEEN)
    assert (len(TRAINED), len(UNSEEN)) == (21, 5)


def test_one_step_leaves_the_two_step_families_out():
    problems = source(max_steps=1, held_out=100)
    families = {question.family for question in problems.train(1) + problems.evaluation()}
    assert {FAMILIES[name].steps for name in families} == {1}
    assert len([family for family in TRAINED if family.name in families]) >= 12
    assert len([family for family in UNSEEN if family.name in families]) >= 3
    assert len([family for family in UNSEEN if family.name in families]) >= 2


def test_the_questions_change_with_every_setting():
    overrides = {
        "seed": 1,
        "development": 5,
        "train_per_round": 5,
        "held_out": 5,
        "held_out_unseen": 5,
        "max_number": 30,
        "max_steps": 1,
    }
    sources = [source(), *(source(**{setting: value}) for setting, value in overrides.items())]
    questions = [(each.train(1), each.evaluation(), each.development()) for each in sources]
    assert all(one != other for one, other in combinations(questions, 2))
    assert (source().train(1), source().evaluation(), []) == questions[0]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_number", 9),
        ("max_number", 101),
        ("max_steps", 0),
        ("max_steps", 3),
        ("train_per_round", 0),
        ("held_out", -1),
        ("held_out_unseen", -1),
        ("development", -1),
    ],
)
def test_a_wrong_setting_is_one_fault_that_names_it(setting, value):
    [fault] = source(**{setting: value}).faults(rounds=1)
    assert f"questions.{setting} is {value}" in fault


def test_all_wrong_settings_are_reported_at_once():
    assert len(source(max_number=1, max_steps=9, held_out=-1).faults(rounds=1)) == 3


def test_the_defaults_have_no_faults_for_thirty_rounds():
    assert source().faults(rounds=30) == []


@pytest.mark.parametrize(
    ("overrides", "what"),
    [
        ({"train_per_round": 100_000}, "training questions"),
        ({"held_out": 100_000}, "test questions"),
        ({"held_out_unseen": 100_000}, "unseen families"),
        ({"development": 100_000}, "development questions"),
    ],
)
def test_too_few_problems_are_a_fault_beforehand_and_an_error_when_sampled(overrides, what):
    problems = source(**overrides)
    [fault] = problems.faults(rounds=1)
    assert what in fault
    with pytest.raises(UserError, match=what) as caught:
        problems.train(1), problems.evaluation(), problems.development()
    assert list(caught.value.faults) == [fault]


def test_what_faults_counts_can_really_be_drawn():
    problems = source(train_per_round=100, max_number=10, max_steps=1)
    rounds = next(rounds for rounds in range(1, 100) if problems.faults(rounds=rounds)) - 1
    assert len(rounds_of(problems, rounds)) == 100 * rounds
    with pytest.raises(UserError):
        problems.train(rounds + 1)


def test_rounds_count_from_one():
    with pytest.raises(ValueError, match="count from 1"):
        source().train(0)


@pytest.mark.parametrize("name", ["word_problems", "file"])
def test_the_configuration_names_every_argument(name):
    yaml = pytest.importorskip("yaml")
    overrides = yaml.safe_load((ROOT / "conf" / "questions" / f"{name}.yaml").read_text(encoding="utf-8"))
    module, _, class_name = overrides.pop("_target_").rpartition(".")
    target = getattr(__import__(module, fromlist=[class_name]), class_name)
    assert overrides.keys() == inspect.signature(target).parameters.keys()
