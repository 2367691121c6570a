"""Which prefixes solve which training questions in the runs of a study, kept as ``prefixes.json`` beside their summaries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from thoughtrank.prefixes.earlier_run import RankedRound, without_model
from thoughtrank.records import RankedCandidate
from thoughtrank.report.study.kept_runs import StudyRun
from thoughtrank.storage.json_files import read_json_object, write_json
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import TableRows

_FILE = "prefixes.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixWins:
    """The genuine wins of one run.

    Attributes:
        seed: of the run.
        prefixes: all of them, in their order.
        rounds: round to prefix to the questions that it solves genuinely; prefixes that solve none are left out.
    """

    seed: str
    prefixes: Sequence[str]
    rounds: Mapping[int, Mapping[str, Sequence[str]]]

    def solved(self, number: int | None = None) -> dict[str, set[str]]:
        """Every prefix and the questions that it solves in a round, or in all rounds."""
        rounds = list(self.rounds.values()) if number is None else [self.rounds[number]]
        return {prefix: {each for wins in rounds for each in wins.get(prefix, ())} for prefix in self.prefixes}


def keep_prefix_wins(run: StudyRun, study: Path) -> bool:
    """Keep the genuine wins of a run with the study; False where the run has no ranked candidates.

    Args:
        run: in its run folder.
        study: the folder of the study.
    """
    paths, prefixes, rounds = RunPaths(run.folder), dict[str, None](), {}
    for number in (entry["round"] for entry in run.rounds if entry["round"]):
        if not paths.rankings(number).is_dir():
            return False
        gains = paths.gains(number)
        rankings = RankedRound(
            candidates=paths.candidates(number),
            rankings=paths.rankings(number),
            gains=gains if gains.is_dir() else None,
        )
        wins: dict[str, list[str]] = {}
        for row in rankings.wins().values():
            wins.setdefault(without_model(row.prefix), []).append(row.question_id)
        rounds[str(number)] = {prefix: sorted(set(questions)) for prefix, questions in wins.items()}
        prefixes |= {without_model(row.prefix): None for row in TableRows(rankings.rankings, RankedCandidate)}
    write_json(study / run.name / _FILE, {"prefixes": list(prefixes), "rounds": rounds})
    return True


def read_prefix_wins(runs: Sequence[StudyRun]) -> list[PrefixWins]:
    """What is kept of the wins of runs; nothing of a run of which none are."""
    found = []
    for run in runs:
        kept = read_json_object(run.folder / _FILE)
        if kept is not None:
            rounds = {int(number): wins for number, wins in kept["rounds"].items()}
            found.append(PrefixWins(seed=run.seed, prefixes=kept["prefixes"], rounds=rounds))
    return found
