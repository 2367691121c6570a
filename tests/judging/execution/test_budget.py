import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from thoughtrank.judging.execution.budget import Budget, BudgetReached
from thoughtrank.judging.execution.rate_limits import Stopped

GO = threading.Event()


def test_without_a_cap_everything_passes_and_is_counted():
    budget = Budget()
    budget.reserve(1e9, GO)
    budget.settle(1e9, 2.5)
    assert budget.spent == 2.5


def test_what_was_spent_before_counts():
    budget = Budget(1.0)
    budget.add(0.75)
    budget.reserve(0.25, GO)
    budget.settle(0.25, 0.0)
    with pytest.raises(BudgetReached) as caught:
        budget.reserve(0.26, GO)
    assert "judge.budget=1 " in str(caught.value)
    assert "$0.7500" in str(caught.value)
    assert "3 of 5 ranked" in str(caught.value.with_ranked("3 of 5 ranked."))


def test_money_never_passes_the_cap_whatever_the_threads_do():
    budget = Budget(1.0)
    most = []

    def attempt(_):
        try:
            budget.reserve(0.1, GO)
        except BudgetReached:
            return 0
        most.append(budget.spent + budget._reserved)
        budget.settle(0.1, 0.0299)
        return 1

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(attempt, range(100)))
    assert max(most) <= 1.0 + 1e-9
    # An attempt is turned away only when even the settling of the others would leave no room for it.
    assert passed == 31
    assert budget.spent == pytest.approx(31 * 0.0299)


def test_an_amount_that_is_no_number_never_fits():
    for budget, bound in ((Budget(math.nan), 0.1), (Budget(1.0), math.nan)):
        with pytest.raises(BudgetReached):
            budget.reserve(bound, GO)


def test_a_wait_for_others_to_settle_can_be_stopped():
    budget, stop = Budget(1.0), threading.Event()
    budget.reserve(0.9, GO)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Stopped):
        budget.reserve(0.9, stop)
