import collections
import inspect
import math
import os
import re
import string
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.errors import UserError
from thoughtrank.questions.word_problems.arithmetic import FRACTION_WORDS
from thoughtrank.questions.word_problems.families import BOYS, GIRLS
from thoughtrank.questions.word_problems.source import WordProblems
from thoughtrank.questions.word_problems.splits import TRAINED, UNSEEN

ROOT = Path(__file__).parents[3]
FAMILIES = {family.name: family for family in TRAINED + UNSEEN}
SEEDS = st.integers(min_value=-(2**40), max_value=2**40)


def source(**overrides):
    return WordProblems(**{"seed": 0, "train_per_round": 48, "held_out": 200, "held_out_unseen": 80, **overrides})


def rounds_of(problems, count):
    return [question for number in range(1, count + 1) for question in problems.train(number)]


def shown(question):
    """The numbers that a reader finds in the text, in order; words for numbers count where the family uses them."""
    found = [int(digits) for digits in re.findall(r"\d+", question.text)]
    if question.family == "fraction_of":
        found += [k for k, word in FRACTION_WORDS.items() if re.search(rf"\b{word}\b", question.text, re.IGNORECASE)]
    if question.family == "times_as_many" and "twice" in question.text:
        found.append(2)
    return found


def key(question):
    return question.family, tuple(sorted(shown(question)))


@pytest.fixture(scope="module")
def many():
    """About 3,000 questions over two seeds and two sizes."""
    return [
        question
        for seed, max_number in ((1, 20), (2, 40))
        for problems in [source(seed=seed, max_number=max_number, held_out_unseen=400)]
        for question in rounds_of(problems, 20) + problems.evaluation()
    ]


# Which question comes when.


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


# Numbers and answers.

ROLES = {
    # What the number with a role of its own looks like; the two others are multiplied.
    "buy_then_use": r"uses (\d+) of|full boxes, and (\d+)|used up (\d+)|first week (\d+)|once (\d+)|has used (\d+)",
    "rows_and_seats": r"(\d+) (?:extra|more|teachers|single)|balcony with (\d+)",
    "pages_left": r"has (\d+) pages|story of (\d+)|is (\d+) pages long|story with (\d+)",
    "saving_up": r"has \$(\d+) in|had \$(\d+)|the \$(\d+) |holds \$(\d+)|gave \w+ \$(\d+)|account with \$(\d+)",
    "price_and_change": r"[Ww]ith \$(\d+)|over \$(\d+)|from \$(\d+)|seller \$(\d+)|had \$(\d+)",
    # Here it is the number that is taken away; the two others are added.
    "elevator": r"down (\d+) floors|(\d+) floors down",
    "sticker_trade": r"trades (\d+)|gave \w+ (\d+) stickers and|hands (\d+)|stickers for (\d+) of|took (\d+)",
}


def role_and_rest(question):
    groups = [group for group in re.search(ROLES[question.family], question.text).groups() if group]
    assert len(groups) == 1
    rest = shown(question)
    rest.remove(int(groups[0]))
    return int(groups[0]), rest


def solved_by_reading(question):
    """The answer worked out from the text alone."""
    numbers = shown(question)
    match question.family:
        case "joining" | "ages" | "lengths" | "growth":
            return sum(numbers)
        case "taking_away" | "comparing" | "temperature" | "years_ago" | "free_seats":
            return max(numbers) - min(numbers)
        case "equal_groups" | "times_as_many" | "distance" | "recipe_scaling" | "wages" | "handicraft":
            return math.prod(numbers)
        case "sharing":
            assert max(numbers) % min(numbers) == 0
            return max(numbers) // min(numbers)
        case "fraction_of":
            assert numbers[0] % numbers[1] == 0
            return numbers[0] // numbers[1]
        case "clock_time":
            minutes = [60 * int(hour) + int(minute) for hour, minute in re.findall(r"(\d+):(\d\d)\b", question.text)]
            return minutes[1] - minutes[0]
        case "perimeter":
            return 2 * sum(numbers)
    role, rest = role_and_rest(question)
    match question.family:
        case "buy_then_use":
            return math.prod(rest) - role
        case "rows_and_seats" | "saving_up":
            return math.prod(rest) + role
        case "pages_left" | "price_and_change":
            return role - math.prod(rest)
        case "elevator" | "sticker_trade":
            return sum(rest) - role
    raise AssertionError(question.family)


def test_answers_are_what_the_text_gives(many):
    assert {question.family for question in many} == FAMILIES.keys()
    for question in many:
        assert question.answer == str(solved_by_reading(question)), question.text


def test_the_answer_is_a_whole_number_that_the_text_does_not_show(many):
    for question in many:
        assert question.answer.isdecimal()
        assert int(question.answer) not in shown(question), question.text


@pytest.mark.parametrize("seed", range(3))
def test_no_answer_is_frequent(seed):
    questions = rounds_of(source(seed=seed), 11)[:500]
    [(_, most)] = collections.Counter(question.answer for question in questions).most_common(1)
    assert most < 0.12 * 500
    assert len({question.answer for question in questions}) > 50


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, max_number=st.integers(min_value=10, max_value=100))
def test_numbers_stay_within_the_bounds(seed, max_number):
    for question in source(seed=seed, max_number=max_number, held_out=0, train_per_round=80).train(1):
        assert int(question.answer) >= 1
        operands = shown(question)
        if question.family == "clock_time":
            assert all(operand <= 59 for operand in operands)
            assert int(question.answer) <= max_number
            continue
        assert min(operands) >= 2
        assert sorted(operands)[0] <= max_number
        assert max(operands) <= 6 * max_number + 50
        assert int(question.answer) <= 6 * max_number


# Wording.


def pattern(template):
    pieces = string.Formatter().parse(template)
    return "".join(re.escape(literal) + ("" if field is None else ".+") for literal, field, _, _ in pieces)


def test_every_wording_is_reached_and_every_question_is_one_of_them(many):
    reached = collections.defaultdict(set)
    patterns = {name: [re.compile(pattern(each)) for each in family.wordings] for name, family in FAMILIES.items()}
    for question in many:
        hits = {index for index, each in enumerate(patterns[question.family]) if each.fullmatch(question.text)}
        assert hits, question.text
        reached[question.family] |= hits
    for name, family in FAMILIES.items():
        assert len(family.wordings) >= 5
        assert reached[name] == set(range(len(family.wordings))), name


def test_the_language_is_clean(many):
    for question in many:
        text = question.text
        assert text == text.strip()
        assert text.endswith(("?", "."))
        assert "  " not in text
        assert not re.search(r"[{}\n]|\ba [aeiou]|\ban (?!hour)[^aeiou]|\bNone\b", text), text
        assert question.family in ("clock_time", "elevator") or not re.search(r"\b[01]\b", text), text
        assert all(sentence[0].isupper() for sentence in re.split(r"[.?] ", text)), text
        assert text.count("?") <= 1


def test_pronouns_fit_somebody_in_the_text(many):
    for question in many:
        words = set(re.findall(r"\w+", question.text))
        if words & {"she", "She", "her", "Her"}:
            assert words & set(GIRLS), question.text
        if words & {"he", "He", "his", "His", "him"}:
            assert words & set(BOYS), question.text


# Faults.


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
