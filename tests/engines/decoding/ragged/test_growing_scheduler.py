"""Branches whose regions grow: every one finishes, none overlaps another, and the same lengths give the same schedule."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.engines.decoding.batch_scheduler import QuestionNeed
from thoughtrank.engines.decoding.ragged.growing_scheduler import REGION_STEP, GrowingScheduler


def play(questions, *, token_budget, max_rows=2048):
    """Decode branches of given lengths; returns the schedule, and what paused branches read again.

    Args:
        questions: of each, the tokens of its prompt, the limit of its branches, and the length of each branch.
    """
    needs = [
        QuestionNeed(prompt_tokens=prompt, branch_tokens=limit, branches=len(lengths))
        for prompt, limit, lengths in questions
    ]
    scheduler = GrowingScheduler(needs, token_budget=token_budget, max_rows=max_rows)
    nothing = [[0] * need.branches for need in needs]
    schedule, finished, written = [], [], {}
    while True:
        admission = scheduler.admit(read=nothing)
        for each in admission.branches:
            assert each.read == written.get((each.question, each.index), 0)
        if not scheduler.running:
            break
        assert {each.question for each in scheduler.running} <= set(scheduler.prompts)
        growth = scheduler.grow()
        for move in growth.moves:
            assert move.reservation.start == move.target
            assert move.tokens < move.reservation.size
        if not scheduler.running:
            continue
        check(scheduler, token_budget)
        schedule.append([(each.question, each.index, each.start, each.size) for each in scheduler.running])
        scheduler.end_step()
        for each in list(scheduler.running):
            written[each.question, each.index] = scheduler.length(each)
            if scheduler.length(each) >= questions[each.question][2][each.index]:
                finished.append((each.question, each.index))
                scheduler.finish(each)
    assert sorted(finished) == [
        (question, index) for question, each in enumerate(questions) for index in range(len(each[2]))
    ]
    return schedule


def check(scheduler, token_budget):
    """Regions are apart, inside the budget, and have room for one more token."""
    assert all(scheduler.length(each) < each.size for each in scheduler.running)
    pieces = sorted([*((each.start, each.size) for each in scheduler.running), *scheduler.prompts.values()])
    assert all(start + size <= following for (start, size), (following, _) in pairwise(pieces))
    assert pieces[-1][0] + pieces[-1][1] <= token_budget
    orders = [each.order for each in scheduler.running]
    assert orders == sorted(orders)


groups = st.lists(
    st.tuples(
        st.integers(1, 200),
        st.integers(1, 600),
        st.lists(st.floats(0, 1), min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(groups, st.integers(0, 4000), st.integers(1, 20))
def test_every_branch_finishes_within_the_budget_and_the_schedule_repeats(groups, extra, max_rows):
    questions = [
        (prompt, limit, [max(1, round(fraction * limit)) for fraction in fractions])
        for prompt, limit, fractions in groups
    ]
    least = max(
        GrowingScheduler.min_tokens(QuestionNeed(prompt_tokens=prompt, branch_tokens=limit, branches=1))
        for prompt, limit, _ in questions
    )
    schedule = play(questions, token_budget=least + extra, max_rows=max_rows)
    assert max(len(rows) for rows in schedule) <= max_rows
    assert schedule == play(questions, token_budget=least + extra, max_rows=max_rows)


def test_a_full_cache_pauses_the_youngest_branch_and_never_the_oldest():
    """All look short until they are long: too many are admitted, and some have to wait with what they wrote."""
    lengths = [40] * 6 + [1000] * 6
    schedule = play([(10, 1000, lengths)], token_budget=4 * 1024 + REGION_STEP)
    seen = [{index for _, index, *_ in rows} for rows in schedule]
    started = {index: next(step for step, rows in enumerate(seen) if index in rows) for index in range(12)}
    paused = {index for index in range(12) if sum(index in rows for rows in seen) > 0 and gaps(index, seen)}
    assert paused
    assert min(started, key=lambda index: (started[index], index)) not in paused
    assert max(len(rows) for rows in seen) > 4


def gaps(index, seen):
    """Whether a branch was in flight, then not, then again."""
    flags = "".join(str(int(index in rows)) for rows in seen).strip("0")
    return "0" in flags


@pytest.mark.parametrize(("long_fraction", "least"), [(0.05, 60), (0.3, 40)])
def test_more_branches_are_in_flight_than_limits_would_leave_room_for(long_fraction, least):
    draw = random.Random(1)
    lengths = [544 if draw.random() < long_fraction else draw.randint(15, 110) for _ in range(62 * 8)]
    questions = [(64, 544, lengths[first : first + 62]) for first in range(0, len(lengths), 62)]
    schedule = play(questions, token_budget=20_000)
    mean = sum(map(len, schedule)) / len(schedule)
    assert mean > least > 20_000 / 612
