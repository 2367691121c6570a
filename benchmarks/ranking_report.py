"""Table, ratios and plot of the measurements of ``benchmarks/ranking.py``."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ranking_measures import COPIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METRICS = ("tokens", "calls", "depth", "gap", "p_at_1", "p_at_3", "tau", "pair")


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % confidence interval of a mean, by the normal approximation."""
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.inf
    return float(values.mean() - half), float(values.mean() + half)


def summary(measured: dict[str, np.ndarray]) -> dict[str, object]:
    """Means with their confidence intervals, for the JSON line."""
    facts: dict[str, object] = {metric: round(float(values.mean()), 4) for metric, values in measured.items()}
    facts["intervals"] = {
        metric: [round(bound, 4) for bound in interval(values)] for metric, values in measured.items()
    }
    facts["questions"] = len(measured["gap"])
    return facts


def ratio(
    numerator: np.ndarray, denominator: np.ndarray, *, seed: int = 0, draws: int = 2000
) -> tuple[float, float, float]:
    """Ratio of two means on the same questions, with its 95 % interval from a paired bootstrap over questions."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(numerator), (draws, len(numerator)))
    ratios = numerator[picks].mean(axis=1) / np.maximum(denominator[picks].mean(axis=1), 1e-12)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(numerator.mean() / max(denominator.mean(), 1e-12)), float(low), float(high)


def print_table(scenario: str, found: dict[str, dict[str, np.ndarray]], seconds: dict[str, float]) -> None:
    """One line per ranker: means, and half the width of their confidence intervals."""
    print(f"\n{scenario}: {len(next(iter(found.values()))['gap'])} questions (mean ± half of the 95 % interval)")
    print(f"{'ranker':30}" + "".join(f"{metric:>17}" for metric in METRICS))
    for name, measured in found.items():
        cells = []
        for metric in METRICS:
            low, high = interval(measured[metric])
            digits = 1 if metric in ("calls", "depth") else 0 if metric == "tokens" else 3
            cells.append(f"{measured[metric].mean():.{digits}f} ± {(high - low) / 2:.{digits}f}")
        print(f"{name:30}" + "".join(f"{cell:>17}" for cell in cells) + f"  {seconds[name]:.1f} s")
    for name, measured in found.items():
        extras = []
        if "p_top" in measured:
            stated, true = measured["p_top"].mean(), measured["is_best"].mean()
            extras.append(f"P(top) {stated:.3f}, best in {true:.3f}: error {100 * abs(stated - true):.1f} points")
        if "injected_first" in measured:
            extras.append(f"injected answer first in {100 * measured['injected_first'].mean():.1f} %")
            extras.append(f"and flagged in {100 * measured['injected_flagged'].mean():.1f} %")
        if measured["others_flagged"].any():
            extras.append(f"honest answers flagged {100 * measured['others_flagged'].mean():.2f} %")
        if extras:
            print(f"{name:30}" + ", ".join(extras))


def print_ratios(found: dict[str, dict[str, np.ndarray]], ranker: str = "adaptive_listwise") -> None:
    """Compare the default ranker with the reference rankers on the same questions."""
    for other, metrics in (
        (f"round_robin{COPIES}", ("tokens", "gap")),
        ("round_robin", ("tokens", "gap")),
        (f"listwise{COPIES}", ("tokens", "gap")),
        ("listwise", ("tokens", "gap")),
    ):
        if ranker in found and other in found:
            for metric in metrics:
                value, low, high = ratio(found[ranker][metric], found[other][metric])
                print(
                    f"{ranker} / {other}: {metric} {value:.4f} [{low:.4f}, {high:.4f}]  (1/{1 / max(value, 1e-9):.2f})"
                )


def plot(path: Path, scenarios: dict[str, dict[str, dict]]) -> None:
    """Quality against cost, one panel per scenario.

    Args:
        path: the PNG file.
        scenarios: what ``summary`` returned for each scenario and ranker.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise SystemExit(
            "the plot needs matplotlib: pip install '.[benchmarks]' in the clone of thoughtrank"
        ) from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = min(2, len(scenarios))
    rows = -(-len(scenarios) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(6.5 * columns, 4.6 * rows), squeeze=False)
    for axis in axes.flat[len(scenarios) :]:
        axis.remove()
    for axis, (scenario, found) in zip(axes.flat, scenarios.items(), strict=False):
        _plot_panel(axis, scenario, found)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def _plot_panel(axis: "Axes", scenario: str, found: dict[str, dict]) -> None:
    """One scenario; a line joins the Pareto-optimal rankers."""
    # Without copies to judge, both variants of a ranker are the same point.
    points = sorted(
        (facts["tokens"], facts["gap"], name)
        for name, facts in found.items()
        if not name.endswith(COPIES) or facts["gap"] != found.get(name.removesuffix(COPIES), {}).get("gap")
    )
    front: list[tuple[float, float]] = []
    for tokens, gap, name in points:
        at_right_edge = tokens > points[-1][0] / 3
        _plot_ranker(axis, name, found[name], label_on_the_left=at_right_edge)
        if not front or gap < front[-1][1]:
            front.append((tokens, gap))
    axis.plot(*zip(*front, strict=True), color="C2", linewidth=1, zorder=0)
    axis.set_xscale("log")
    axis.set_title(scenario)
    axis.set_xlabel("judge prompt tokens per question")
    axis.set_ylabel("gap of the first answer to the best (sd)")
    axis.grid(alpha=0.25, which="both")


def _plot_ranker(axis: "Axes", name: str, facts: dict, *, label_on_the_left: bool) -> None:
    """A point with its confidence interval and label; a cross where every copy is judged."""
    tokens, gap = facts["tokens"], facts["gap"]
    low, high = facts["intervals"]["gap"]
    copies = name.endswith(COPIES)
    axis.errorbar(
        tokens, gap, yerr=[[gap - low], [high - gap]], fmt="x" if copies else "o", color="C1" if copies else "C0"
    )
    axis.annotate(
        name.removesuffix(COPIES) + (", every copy" if copies else ""),
        (tokens, gap),
        textcoords="offset points",
        xytext=(-5 if label_on_the_left else 5, -9 if copies else 4),
        ha="right" if label_on_the_left else "left",
        fontsize=7,
    )
