from itertools import product

import pytest

from thoughtrank.questions.word_problems import arithmetic
from thoughtrank.questions.word_problems.arithmetic import PRODUCT_FACTOR, Arithmetic

KINDS = {name: kind for name, kind in vars(arithmetic).items() if isinstance(kind, Arithmetic)}


def problems_of(kind, max_number):
    """Numbers and answer of every problem."""
    found = (kind.problem(parameters=each, max_number=max_number) for each in product(*kind.ranges(max_number)))
    return [(numbers, kind.solve(*numbers)) for numbers in found if numbers is not None]


@pytest.mark.parametrize("name", KINDS)
def test_every_problem_has_a_positive_answer_that_is_not_in_its_text(name):
    problems = problems_of(KINDS[name], 10)
    assert len(problems) >= 15
    for numbers, answer in problems:
        assert answer >= 1
        assert answer not in numbers


@pytest.mark.parametrize("name", KINDS)
def test_no_problem_comes_from_two_combinations_of_parameters(name):
    numbers = [numbers for numbers, _ in problems_of(KINDS[name], 12)]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", KINDS)
def test_a_larger_max_number_keeps_the_smaller_problems(name):
    assert set(problems_of(KINDS[name], 10)) <= set(problems_of(KINDS[name], 14))


@pytest.mark.parametrize("name", ["PRODUCT", "TIMES", "SPEED_TIME", "AMOUNT_BATCHES"])
def test_products_stay_within_the_factor(name):
    assert max(answer for _, answer in problems_of(KINDS[name], 10)) <= PRODUCT_FACTOR * 10


@pytest.mark.parametrize("name", ["QUOTIENT", "FRACTION"])
def test_divisions_have_no_remainder(name):
    for (total, divisor), answer in problems_of(KINDS[name], 10):
        assert answer * divisor == total <= PRODUCT_FACTOR * 10


def test_people_pay_with_the_next_multiple_of_ten_or_fifty():
    problems = {(count, price): set() for (count, price, _), _ in problems_of(arithmetic.CHANGE, 12)}
    for (count, price, paid), change in problems_of(arithmetic.CHANGE, 12):
        problems[count, price].add(paid)
        assert change == paid - count * price
    assert problems[3, 4] == {20, 50}
    assert problems[6, 7] == {50}
