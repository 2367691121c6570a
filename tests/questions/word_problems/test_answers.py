"""The answer of every question, worked out again from its text."""

import collections
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_texts import FAMILIES, rounds_of, shown, source

SEEDS = st.integers(min_value=-(2**40), max_value=2**40)
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
