"""The disk becomes full at every kind of write of a stage, one after the other; then there is space, and the run resumes.

The error is injected where Python creates files and folders, makes links, and appends to logs. What libraries write themselves
is tried by ``small_disk``.
"""

import json
import shutil
from pathlib import Path

from campaign.comparing import NAMES, STAGES
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.paths import HOOKS, ROOT
from campaign.place import ONE_ROUND, Place, last_line

_PUBLISHED = {"candidates": "1_candidates", "rankings": "2_rankings", "examples": "3_examples", "models": "4_model"}
_PARTS = [*(f"/cache/{kind}/" for kind in STAGES), "/runs/"]
_MOST_WRITES = 60


def _prepare(trial: TrialInput, outcome: Outcome) -> Place:
    """A place in which the stages before the tried one are finished, in the cache only."""
    place = Place.copied(trial.undisturbed / "one", trial, outcome=outcome)
    shutil.rmtree(place.work.folder / "runs")
    later = STAGES[trial.number :] if trial.number < len(STAGES) else STAGES[-1:]
    for kind in later:
        shutil.rmtree(place.cache / kind)
    return place


def _run(trial: TrialInput) -> Outcome:
    outcome, part = Outcome(), _PARTS[trial.number]
    name = NAMES[STAGES[trial.number]] if trial.number < len(STAGES) else "run folder"
    sites, full = trial.folder / "sites.txt", trial.folder / "full"
    with _prepare(trial, outcome) as place:
        hook = {"folder": str(place.work.folder), "part": part, "sites": str(sites), "full": str(full)}
        place.environment |= {
            "PYTHONPATH": f"{HOOKS}:{ROOT}",
            "CAMPAIGN_HOOK": json.dumps({"kind": "full disk", **hook}),
        }
        for _ in range(_MOST_WRITES):
            full.unlink(missing_ok=True)
            ended = place.run(*ONE_ROUND)
            if not full.exists():
                break
            outcome.count(name)
            if ended.status != 2 or "No space left on device" not in ended.output:
                outcome.lost.append(
                    f"{_last_site(sites)}: no plain message: exit status {ended.status}: {last_line(ended.output)}"
                )
        full.unlink(missing_ok=True)
        place.finish(trial.undisturbed / "one", *ONE_ROUND)
    return outcome


def _last_site(sites: Path) -> str:
    return sites.read_text().splitlines()[-1]


KIND = Kind("full_disk", "No space at each write of a stage, injected", len(_PARTS), _run)
