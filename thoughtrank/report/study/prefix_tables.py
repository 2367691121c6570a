"""What the genuine wins of several seeds say of prefixes: the best ones, how stable that is, and how few suffice."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb, isfinite

from thoughtrank.evaluation.statistics import mean
from thoughtrank.prefixes.earlier_run import cover
from thoughtrank.report.study.markdown import markdown_table, spread
from thoughtrank.report.study.prefix_wins import PrefixWins

_NAMED = 20
_ENOUGH = 0.95
_SIZES = (1, 2, 4, 8, 16, 32)


def prefix_section(setting: str, runs: Sequence[PrefixWins]) -> str:
    """The section on prefixes; empty where there are not two seeds with the same prefixes and genuine wins.

    Args:
        setting: of the runs.
        runs: one for each seed.
    """
    if len(runs) < 2 or any(list(run.prefixes) != list(runs[0].prefixes) or not _questions(run) for run in runs):
        return ""
    curves = [
        _coverage(run, chosen=_order([other for other in runs if other is not run]), own=_order([run])) for run in runs
    ]
    sizes = [size for size in (*_SIZES, len(runs[0].prefixes)) if size <= len(runs[0].prefixes)]
    rows = [
        {
            "prefixes": str(size),
            "chosen on the other seeds": spread([curve[size - 1].chosen for curve in curves]),
            "at random": spread([curve[size - 1].random for curve in curves]),
            "chosen on the same questions": spread([curve[size - 1].own for curve in curves]),
        }
        for size in dict.fromkeys(sizes)
    ]
    means = [mean([each.chosen for each in at]) or 0.0 for at in zip(*curves, strict=True)]
    enough = next(size for size, covered in enumerate(means, start=1) if covered >= _ENOUGH)
    parts = [
        "## Prefixes",
        f"Of the setting `{setting}`: questions that a prefix solves genuinely, with a best answer after a thought of positive "
        f"gain. {_stability(runs)}",
        f"Fraction of the solved questions that the best few prefixes solve as well. They are chosen one by one, each adding "
        f"most questions. Chosen on the other seeds, {enough} of {len(runs[0].prefixes)} solve {100 * _ENOUGH:.0f} % on "
        "average.",
        markdown_table(rows),
        f"The {min(_NAMED, len(runs[0].prefixes))} prefixes that solve most questions over all seeds and rounds:",
        _leaderboard(runs),
    ]
    return "\n\n".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Covered:
    """Fractions of a run's solved questions that so many prefixes solve: chosen elsewhere, drawn, or chosen on the run."""

    chosen: float
    random: float
    own: float


def _coverage(run: PrefixWins, *, chosen: Sequence[str], own: Sequence[str]) -> list[_Covered]:
    """For 1, 2 and so on prefixes."""
    solved, questions = run.solved(), _questions(run)
    total = len(run.prefixes)
    winners = [sum(question in each for each in solved.values()) for question in questions]

    def fraction(names: Sequence[str]) -> float:
        return len(set().union(*(solved[name] for name in names))) / len(questions)

    return [
        _Covered(
            chosen=fraction(chosen[:size]),
            # A draw of this size misses a question with w winners with the probability C(total - w, size) / C(total, size).
            random=sum(1 - comb(total - each, size) / comb(total, size) for each in winners) / len(questions),
            own=fraction(own[:size]),
        )
        for size in range(1, total + 1)
    ]


def _order(runs: Sequence[PrefixWins]) -> list[str]:
    """All prefixes, the best first: chosen one by one on the questions of these runs."""
    solved: dict[str, set[str]] = {name: set() for name in runs[0].prefixes}
    for run in runs:
        for name, questions in run.solved().items():
            solved[name] |= {f"{run.seed} {question}" for question in questions}
    return cover(solved, count=len(solved))


def _questions(run: PrefixWins) -> set[str]:
    return set().union(*run.solved().values())


def _stability(runs: Sequence[PrefixWins]) -> str:
    """Rank correlations of the prefixes, between seeds and between rounds."""
    seeds = [_correlation(first.solved(), second.solved()) for first, second in combinations(runs, 2)]
    rounds = [
        _correlation(run.solved(number), run.solved(following))
        for run in runs
        for number, following in pairwise(sorted(run.rounds))
    ]
    texts = [
        f"between {what} {mean(known):.2f} ({min(known):.2f} to {max(known):.2f})"
        for what, values in (("seeds", seeds), ("a round and the next", rounds))
        if (known := [value for value in values if value is not None])
    ]
    return f"Rank correlation of the prefixes (Spearman, mean and range): {', '.join(texts)}." if texts else ""


def _correlation(first: dict[str, set[str]], second: dict[str, set[str]]) -> float | None:
    """None where all prefixes solve equally many questions."""
    from scipy.stats import spearmanr

    counts = [[len(each[name]) for name in first] for each in (first, second)]
    if any(len(set(each)) < 2 for each in counts):
        return None
    value = float(spearmanr(*counts).statistic)
    return value if isfinite(value) else None


def _leaderboard(runs: Sequence[PrefixWins]) -> str:
    by_seed = [{name: len(questions) for name, questions in run.solved().items()} for run in runs]
    totals = {name: sum(each[name] for each in by_seed) for name in runs[0].prefixes}
    best = sorted(totals, key=lambda name: -totals[name])[:_NAMED]
    rows = [
        {
            "prefix": f"`{name}`",
            "questions": str(totals[name]),
            **{f"seed {run.seed}": str(each[name]) for run, each in zip(runs, by_seed, strict=True)},
        }
        for name in best
    ]
    return markdown_table(rows)
