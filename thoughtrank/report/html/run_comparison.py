"""Several runs side by side: what they varied, their results, and how much they differ."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thoughtrank.evaluation.paired import Outcomes, PairedDifference, holm, mcnemar, paired_difference_over_seeds
from thoughtrank.instantiate import current_target
from thoughtrank.report.findings import readings_of
from thoughtrank.report.html.stored_run import StoredRun

_NOT_SETTINGS = ("run", "runs_dir", "cache_dir", "stop_after", "keep", "logger", "dry_run", "dollars_per_hour")
_SIGNIFICANT = 0.05
_ABSENT = "(absent)"
"""In place of the value of a setting that a config lacks."""
NAMED = 4
"""Settings that are named; the config of each run has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One setting among the others: a run, or the runs that differ in nothing but their seed.

    Attributes:
        runs: the runs, one for each seed.
        varied: settings that are not the same in all runs, but for the seed.
        accuracy: of their last evaluated rounds, the mean over the runs; None where one has none.
        development: the same on development questions.
        to_best: the best setting minus this one, on the test questions that both have answered, seed by seed; None for the
            best.
        p_value: of that difference, adjusted for all pairs of settings with common questions (Holm); None for the best itself,
            and without a common question.
    """

    runs: Sequence[StoredRun]
    varied: Mapping[str, object]
    accuracy: float | None
    development: float | None
    to_best: PairedDifference | None
    p_value: float | None

    @property
    def name(self) -> str:
        """Of its only run, or of all of them."""
        return ", ".join(each.name for each in self.runs)

    @property
    def below(self) -> bool:
        """Whether the best is better than this one on test questions, and that is unlikely to be chance."""
        return self._differs and self.to_best is not None and self.to_best.points > 0

    @property
    def above(self) -> bool:
        """Whether this one is better than the best, which development questions may have chosen, in the same sense."""
        return self._differs and self.to_best is not None and self.to_best.points < 0

    @property
    def _differs(self) -> bool:
        return self.p_value is not None and self.p_value < _SIGNIFICANT


def chosen_by_development(compared: Sequence[ComparedRun]) -> bool:
    """Whether all settings have an accuracy on development questions, so that it orders them and not that on test questions."""
    return all(each.development is not None for each in compared)


def compare_runs(runs: Sequence[StoredRun]) -> list[ComparedRun]:
    """The settings, the best first: by development questions where all have answered some, else the most accurate.

    Those without an accuracy come last.

    Runs with equal settings and different seeds are one setting, if every setting has the same seeds. The p-value of a pair of
    settings over several seeds is the largest of the seeds, so that the difference has to be there in each.
    """
    groups, varied = _settings_of(runs)
    problems: dict[str, str] = {}
    by_development = all(_mean(group, run_development) is not None for group in groups)
    measure = run_development if by_development else run_accuracy
    order = sorted(groups, key=lambda group: -_order(_mean(group, measure)))
    outcomes = [[_outcomes(run, problems) for run in group] for group in order]

    def compared(first: int, second: int) -> PairedDifference:
        pairs = list(zip(outcomes[first], outcomes[second], strict=True))
        return paired_difference_over_seeds(pairs, problems=problems, seed=0)

    differences = {second: compared(0, second) for second in range(1, len(order))}
    indices = range(len(order))
    pairs = [
        (first, second)
        for first in indices
        for second in indices
        if first < second and _have_common(outcomes[first], outcomes[second])
    ]
    adjusted = dict(
        zip(pairs, holm([_p_value(outcomes[first], outcomes[second]) for first, second in pairs]), strict=True)
    )
    return [
        ComparedRun(
            runs=group,
            varied={name: _setting(group[0], name) for name in varied},
            accuracy=_mean(group, run_accuracy),
            development=_mean(group, run_development),
            to_best=differences.get(at),
            p_value=adjusted.get((0, at)),
        )
        for at, group in enumerate(order)
    ]


def _settings_of(runs: Sequence[StoredRun]) -> tuple[list[list[StoredRun]], list[str]]:
    """The runs of each setting in the order of their seeds, and the names of the settings that vary."""
    settings = [dict(_flat(run.config)) for run in runs]
    names = [
        name
        for name in dict.fromkeys(key for each in settings for key in each)
        if name.partition(".")[0] not in _NOT_SETTINGS
    ]
    varied = [name for name in names if len({repr(each.get(name)) for each in settings}) > 1]
    others = [name for name in varied if not is_seed(name)]
    groups: dict[str, dict[str, StoredRun]] = {}
    for run, each in zip(runs, settings, strict=True):
        seed = repr([each.get(name) for name in varied if is_seed(name)])
        groups.setdefault(repr([each.get(name) for name in others]), {})[seed] = run
    seeds = [sorted(by_seed) for by_seed in groups.values()]
    whole = sum(map(len, seeds)) == len(runs) and all(each == seeds[0] for each in seeds)
    if not whole or len(groups) < 2:
        return [[run] for run in runs], varied
    return [[by_seed[seed] for seed in sorted(by_seed)] for by_seed in groups.values()], others


def _setting(run: StoredRun, name: str) -> object:
    """The value in its config; a config of another version may lack it."""
    return dict(_flat(run.config)).get(name, _ABSENT)


def is_seed(name: str) -> bool:
    """Whether a setting is a seed, of the run or of a part of it."""
    return name.rpartition(".")[2] == "seed"


def _outcomes(run: StoredRun, problems: dict[str, str]) -> Outcomes:
    return readings_of(run.evaluated[-1].replies, problems=problems).get("thought", {}) if run.evaluated else {}


def _have_common(first: Sequence[Outcomes], second: Sequence[Outcomes]) -> bool:
    return any(one.keys() & other.keys() for one, other in zip(first, second, strict=True))


def _p_value(first: Sequence[Outcomes], second: Sequence[Outcomes]) -> float:
    """The largest McNemar p-value of the seeds."""
    return max(
        mcnemar(
            sum(one[each] > other[each] for each in one.keys() & other.keys()),
            sum(one[each] < other[each] for each in one.keys() & other.keys()),
        )
        for one, other in zip(first, second, strict=True)
    )


def _mean(runs: Sequence[StoredRun], measure: Callable[[StoredRun], float | None]) -> float | None:
    values = [measure(run) for run in runs]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def run_state(run: StoredRun) -> str:
    """How far a run that is not finished has been evaluated; empty for a finished one."""
    if run.finished:
        return ""
    number, rounds = run.evaluated[-1].number if run.evaluated else None, run.config.get("rounds")
    return "no round" if number is None else f"round {number} of {rounds}" if rounds else f"round {number}"


def num_questions(run: StoredRun) -> int | None:
    """Held-out questions that its accuracy counts; None without one."""
    return run.evaluated[-1].metrics.get("n") if run.evaluated else None


def run_accuracy(run: StoredRun) -> float | None:
    """Of its last evaluated round; None without one."""
    return run.evaluated[-1].metrics.get("accuracy") if run.evaluated else None


def run_development(run: StoredRun) -> float | None:
    """The same on development questions; None where they were not asked."""
    return run.evaluated[-1].metrics.get("development_accuracy") if run.evaluated else None


def accuracy_before(run: StoredRun) -> float | None:
    """Of round 0; None where that was not evaluated, or no other round was."""
    evaluated = run.evaluated
    return evaluated[0].metrics.get("accuracy") if len(evaluated) > 1 and not evaluated[0].number else None


def _order(accuracy: float | None) -> float:
    return -1.0 if accuracy is None else accuracy


def varied_settings(varied: Mapping[str, object]) -> list[str]:
    """The settings that are named, and how many more there are."""
    named = [f"{name}={short_value(value)}" for name, value in varied.items()]
    more = [f"and {len(named) - NAMED} more settings"] if len(named) > NAMED else []
    return [*named[:NAMED], *more] or ["equal settings"]


def short_value(value: object) -> str:
    """Its first characters, None as ``null`` as in a config; a class without its package."""
    return "null" if value is None else str(value).rpartition("thoughtrank.")[2][:60]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", current_target(value) if name == "_target_" and isinstance(value, str) else value
