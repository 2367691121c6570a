"""A judge that fails in 30 % of all requests, in every way, over a run that is killed once and resumed."""

import time
from typing import NamedTuple

from campaign.outcome import Kind, Outcome, TrialInput
from campaign.paying_server import FaultServer, verdicts_on_disk
from campaign.place import ONE_ROUND, Place, last_line

_TIMEOUT = 1.0
_SETTINGS = [
    *(each for each in ONE_ROUND if not each.startswith("judge.timeout_seconds")),
    f"judge.timeout_seconds={_TIMEOUT}",
    "judge.max_retries=8",
    "stop_after=selection",
    "questions.train_per_round=8",
]
_MOST_ATTEMPTS = 4


def _run(trial: TrialInput) -> Outcome:
    outcome, choice = Outcome(), trial.random("faults")
    server = FaultServer(fraction=0.3, seed=choice.randrange(1 << 30))
    with Place(trial.folder / "place", outcome=outcome, server=server) as place:
        attempt = place.start(*_SETTINGS)
        while attempt.running and len(server.received) < 10:
            time.sleep(0.01)
        time.sleep(choice.uniform(0, 3))
        place.ended(attempt.kill())
        at_kill = _Account.of(server, place)
        ended = place.run(*_SETTINGS)
        for _ in range(_MOST_ATTEMPTS):
            if ended.status != 2:
                break
            # Failures in a row: the run has stopped with a message, and the same command resumes it.
            ended = place.run(*_SETTINGS)
        if ended.status != 0:
            outcome.lost.append(f"exit status {ended.status}: {last_line(ended.output)}")
        _check_account(place, server, outcome, at_kill=at_kill)
    for fault, times in server.faults.items():
        if fault != "none":
            outcome.tried += times
            outcome.note(fault, times)
    return outcome


class _Account(NamedTuple):
    """What the server has delivered so far, and which verdicts are on disk."""

    billed: int
    on_disk: set[str]

    @classmethod
    def of(cls, server: FaultServer, place: Place) -> "_Account":
        return cls(len(server.billed), verdicts_on_disk(place.cache))


def _check_account(place: Place, server: FaultServer, outcome: Outcome, *, at_kill: _Account) -> None:
    """Every delivered reply is a verdict, and is delivered once; only replies under way at the kill may be repeated."""
    before, after = set(server.billed[: at_kill.billed]), server.billed[at_kill.billed :]
    outcome.paid_twice += sum(prompt in at_kill.on_disk for prompt in after) + len(after) - len(set(after))
    outcome.resent += len(before & set(after) - at_kill.on_disk) + server.lost
    missing = {*before, *after} - verdicts_on_disk(place.cache)
    if missing:
        outcome.lost.append(f"{len(missing)} paid replies are in no verdict log")
    rows = place.work.rows("base", "round_1", "2_rankings")
    if any((row["rank"] is None) != bool(row["reason"]) for row in rows):
        outcome.lost.append("a candidate has neither a rank nor a reason")


KIND = Kind("faulty_judge", "A judge with 30 % faults of every kind, and a kill", 3, _run)
