"""How many branches are in flight on average, by the schedulers' own code, where some branches are much longer than others.

    python benchmarks/generation_occupancy.py

Nothing is decoded: every branch has a length drawn in advance, and finishes after so many steps. ``limit`` reserves the most
a branch can need, in the columns that all rows share; ``growing`` reserves what it wrote. The last line is one JSON object.
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from thoughtrank.engines.decoding.batch_scheduler import BatchScheduler, QuestionNeed
from thoughtrank.engines.decoding.ragged.growing_scheduler import MOST_ROWS, GrowingScheduler

LIMIT = 2176
PROMPT = 128
BRANCHES = 62


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What a group took.

    Attributes:
        steps: of decoding.
        mean_rows: branches in flight, averaged over the steps.
        most_rows: at one time.
        read_again: tokens of paused branches that had to be read again, per token written.
    """

    steps: int
    mean_rows: float
    most_rows: int
    read_again: float = 0.0


def lengths_of(*, questions: int, long_fraction: float, seed: int = 0) -> list[list[int]]:
    """Tokens of each branch of each question."""
    draw = random.Random(seed)
    return [
        [LIMIT if draw.random() < long_fraction else draw.randint(60, 440) for _ in range(BRANCHES)]
        for _ in range(questions)
    ]


def needs_of(lengths: Sequence[Sequence[int]]) -> list[QuestionNeed]:
    """What each question needs."""
    return [QuestionNeed(prompt_tokens=PROMPT, branch_tokens=LIMIT, branches=len(each)) for each in lengths]


def with_limit(lengths: Sequence[Sequence[int]], *, token_budget: int) -> Occupancy:
    """Every branch reserves its limit."""
    scheduler = BatchScheduler(needs_of(lengths), token_budget=token_budget)
    running: list[list[int]] = []  # question, tokens left
    steps = rows = most = 0
    while True:
        admitted = scheduler.admit([question for question, _ in running])
        running += [[question, lengths[question][index]] for question, index in admitted]
        if not running:
            return Occupancy(steps, rows / steps, most)
        # Nothing changes before the next branch finishes.
        after = min(left for _, left in running)
        steps, rows, most = steps + after, rows + after * len(running), max(most, len(running))
        running = [[question, left - after] for question, left in running if left > after]


def growing(lengths: Sequence[Sequence[int]], *, token_budget: int) -> Occupancy:
    """Every branch reserves what it wrote."""
    scheduler = GrowingScheduler(needs_of(lengths), token_budget=token_budget, max_rows=MOST_ROWS)
    nothing = [[0] * len(each) for each in lengths]
    steps = rows = most = read = 0
    while True:
        read += sum(reservation.read for reservation in scheduler.admit(read=nothing).branches)
        if not scheduler.running:
            return Occupancy(steps, rows / steps, most, read / rows)
        scheduler.grow()
        if not scheduler.running:
            continue
        steps, rows, most = steps + 1, rows + len(scheduler.running), max(most, len(scheduler.running))
        scheduler.end_step()
        for reservation in list(scheduler.running):
            if scheduler.length(reservation) >= lengths[reservation.question][reservation.index]:
                scheduler.finish(reservation)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--token-budget", type=int, default=660_000)
    parser.add_argument("--questions", type=int, nargs="+", default=[8, 64])
    options = parser.parse_args()
    started, found = time.perf_counter(), []
    for long_fraction in (0.05, 0.3):
        for questions in options.questions:
            lengths = lengths_of(questions=questions, long_fraction=long_fraction)
            for simulate in (with_limit, growing):
                result = simulate(lengths, token_budget=options.token_budget)
                found.append(
                    {"long": long_fraction, "questions": questions, "reserved": simulate.__name__} | asdict(result)
                )
                print(
                    f"{long_fraction:5.0%} long, {questions:3} questions, {simulate.__name__:10} {result}", flush=True
                )
    print(json.dumps({"token_budget": options.token_budget, "seconds": time.perf_counter() - started, "found": found}))


if __name__ == "__main__":
    main()
