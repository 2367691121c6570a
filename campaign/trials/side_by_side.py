"""Two runs and a sweep of two jobs use one cache at the same time; one of them is killed and resumed."""

import time

from campaign.comparing import differences
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.place import ONE_ROUND, Place, last_line

_SWEEP = ["-m", *(each for each in ONE_ROUND if not each.startswith("run=")), "selection=top_k,best"]


def _run(trial: TrialInput) -> Outcome:
    outcome, choice = Outcome(), trial.random("side by side")
    with Place(trial.folder / "place", outcome=outcome) as place:
        commands = {
            "base": ONE_ROUND,
            "other": ["run=other", *(each for each in ONE_ROUND if not each.startswith("run="))],
            "sweep": _SWEEP,
        }
        attempts = {name: place.start(*command) for name, command in commands.items()}
        time.sleep(choice.uniform(4.0, 20.0))
        killed = choice.choice(sorted(attempts))
        place.ended(attempts[killed].kill())
        attempts[killed] = place.start(*commands[killed])
        for name, attempt in attempts.items():
            ended = attempt.wait()
            outcome.count(name)
            if ended.status != 0:
                outcome.lost.append(f"{name}: exit status {ended.status}: {last_line(ended.output)}")
            place.ended(ended)
        runs = sorted(path for path in (place.work.folder / "runs").iterdir() if path.is_dir())
        for run in runs:
            if "best" not in run.name:
                found = differences(run, trial.undisturbed / "one" / "runs" / "base")
                outcome.lost += [f"{run.name}: {each}" for each in found]
        if len(runs) != 4:
            outcome.lost.append(f"{len(runs)} runs instead of 4")
    return outcome


KIND = Kind("side_by_side", "Two runs and a sweep at the same time on one cache, one of them killed", 2, _run)
