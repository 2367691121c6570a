"""A run is killed again and again, and resumed: at a random moment of a stage that is due, or of the whole run."""

import random
import time
from pathlib import Path

from campaign.comparing import NAMES, unfinished_stage
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.place import TWO_ROUNDS, Attempt, Place, wait_until

KILLS_PER_RUN = 5
_ROUND = ("candidates", "rankings", "examples", "models", "evaluations")
_ORDER = ("start", "model", "evaluations", *_ROUND, *_ROUND, "exports")
_LONGEST = {"start": 4.0, "model": 0.5, "evaluations": 1.5, "candidates": 1.5, "rankings": 2.0}
_LONGEST |= {"examples": 0.15, "models": 8.0, "exports": 0.5}
"""Seconds after the beginning of a stage in which it is killed: about as long as it takes."""


def _targets(trial: TrialInput) -> list[int]:
    """Positions in the order of stages, ascending: each trial takes the next ones of a shuffled deck, so none is left out."""
    choice = random.Random(f"{trial.seed}/kills")
    deck: list[int] = []
    while len(deck) < trial.count * KILLS_PER_RUN:
        deck += choice.sample(range(len(_ORDER)), len(_ORDER))
    return sorted(deck[trial.number * KILLS_PER_RUN :][:KILLS_PER_RUN])


def _begun(cache: Path, position: int) -> bool:
    """Whether the stage at this position of the order has begun."""
    kind = _ORDER[position]
    return kind == "start" or len(list((cache / kind).glob("*/_lock"))) >= _ORDER[: position + 1].count(kind)


def _kill_in(position: int, place: Place, attempt: Attempt, choice: random.Random) -> bool:
    """Kill in the stage; False if the run ended before."""
    if not wait_until(lambda: _begun(place.cache, position), attempt):
        return False
    time.sleep(choice.uniform(0, _LONGEST[_ORDER[position]]))
    if not attempt.running:
        return False
    place.ended(attempt.kill())
    return True


def _run(trial: TrialInput) -> Outcome:
    outcome, choice = Outcome(), trial.random("kills")
    folder, number = trial.folder, 0
    targets = _targets(trial)
    while targets:
        with Place(folder / f"run-{number}", outcome=outcome) as place:
            while targets:
                position = targets[0]
                attempt = place.start(*TWO_ROUNDS)
                if not _kill_in(position, place, attempt, choice):
                    break
                targets.pop(0)
                outcome.count(unfinished_stage(place.cache) or "between stages")
            place.finish(trial.undisturbed / "two", *TWO_ROUNDS)
        number += 1
    return outcome


KIND = Kind("kills", "SIGKILL of the process group at a random moment, with a paying judge", 10, _run)
assert set(NAMES) >= set(_ORDER) - {"start"}
