"""The wall clock is wrong by up to years, in both directions and by another amount every half second."""

import json
import os
import time

from campaign.comparing import unfinished_stage
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.paths import HOOKS, ROOT
from campaign.place import ONE_ROUND, Place

KILLS = 2
_DAYS = 900.0


def _run(trial: TrialInput) -> Outcome:
    outcome, choice = Outcome(), trial.random("clock")
    with Place(trial.folder / "place", outcome=outcome) as place:
        place.environment["PYTHONPATH"] = f"{HOOKS}:{ROOT}"
        for _ in range(KILLS + 1):
            hook = {"kind": "clock", "seed": choice.randrange(1 << 30), "days": _DAYS}
            place.environment["CAMPAIGN_HOOK"] = json.dumps(hook)
            attempt = place.start(*ONE_ROUND)
            time.sleep(choice.uniform(3.0, 14.0))
            place.ended(attempt.kill())
            outcome.count(unfinished_stage(place.cache) or "between stages")
            if trial.number % 2:
                # Files that were written while the clock was wrong. Every other trial, because times show what was repeated.
                _shift_times(place, choice.uniform(-_DAYS, _DAYS))
        place.finish(trial.undisturbed / "one", *ONE_ROUND)
    return outcome


def _shift_times(place: Place, days: float) -> None:
    place.forget_times()
    for path in place.work.folder.rglob("*"):
        moment = path.stat().st_mtime + days * 86400
        os.utime(path, (moment, moment))


KIND = Kind("clock_jumps", "A clock that jumps by up to 900 days, and kills", 2, _run)
