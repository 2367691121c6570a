"""What each ranker costs and how good its first answer is, with a simulated judge on answers of known quality.

Every ranker sees the same questions, and the judge has the same errors for all of them. The last line is one JSON object.
"""

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import yaml
from ranking_worlds import MIXED, SLOTS, World, quality_of, simulated_worlds, worlds_from_file

from thoughtrank.instantiate import make_component
from thoughtrank.judging.protocol import JudgeRequest, Verdict
from thoughtrank.judging.simulated import SimulatedJudge, Strength
from thoughtrank.rankers.protocol import Ranker, RankResult
from thoughtrank.rankers.rank_questions import rank_questions

CONF = Path(__file__).parents[1] / "conf" / "ranker"
COPIES = "_with_duplicates"
"""Ending of a ranker's name: every copy of an answer is judged, as if nobody had looked for duplicates."""

RANKERS = (
    *(
        "adaptive_listwise",
        "successive_halving",
        "listwise_groups",
        "listwise",
        "pointwise",
        "round_robin",
        "sliding_window",
    ),
    *(f"listwise{COPIES}", f"pointwise{COPIES}", f"round_robin{COPIES}"),
)
METRICS = ("tokens", "calls", "depth", "gap", "p_at_1", "p_at_3", "tau", "pair")
NEARLY_BEST = 0.1
"""Standard deviations of quality. An answer that near to the best counts as the best."""


class Meter:
    """Has looks taken at once by a simulated judge, and counts per question what they cost."""

    def __init__(self, judge: SimulatedJudge) -> None:
        self.judge = judge
        self.tokens: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.depth: Counter[str] = Counter()
        self.seconds_judging = 0.0

    def ask(
        self,
        requests: Sequence[JudgeRequest],
        *,
        on_verdict: Callable[[JudgeRequest, Verdict], None] | None = None,
    ) -> list[Verdict]:
        """One verdict per request."""
        started = time.process_time()
        verdicts = [self.judge.judge(request) for request in requests]
        self.seconds_judging += time.process_time() - started
        for request, verdict in zip(requests, verdicts, strict=True):
            self.tokens[request.question_id] += verdict.usage.prompt_tokens
            self.calls[request.question_id] += 1
            if on_verdict is not None:
                on_verdict(request, verdict)
        self.depth.update({request.question_id for request in requests})
        return verdicts


def make_ranker(name: str) -> Ranker:
    """The ranker of this name with the settings of its YAML file."""
    return make_component(yaml.safe_load((CONF / f"{name}.yaml").read_text()), where="ranker")


def rank(name: str, worlds: Sequence[World], meter: Meter) -> list[RankResult]:
    """Have a ranker rank all questions."""
    if not name.endswith(COPIES):
        return rank_questions([world.asked for world in worlds], ranker=make_ranker(name), executor=meter)
    ranker = make_ranker(name.removesuffix(COPIES))
    results = []
    for world in worlds:
        asked = world.asked
        state = ranker.start(
            question_id=asked.question_id,
            question=asked.question,
            answers=asked.answers,
            reference=None,
            seed=asked.seed,
            exact=False,
        )
        while requests := ranker.plan(state):
            state = ranker.update(state, list(zip(requests, meter.ask(requests), strict=True)))
        results.append(ranker.result(state))
    return results


def measure(name: str, worlds: Sequence[World], judge: SimulatedJudge, *, seed: int) -> dict[str, np.ndarray]:
    """Every metric of every question, shape (questions,) each."""
    meter = Meter(judge)
    results = rank(name, worlds, meter)
    rows: dict[str, list[float]] = defaultdict(list)
    for index, (world, result) in enumerate(zip(worlds, results, strict=True)):
        rng = np.random.default_rng([seed, index, 1])
        question_id = world.asked.question_id
        rows["tokens"].append(meter.tokens[question_id])
        rows["calls"].append(meter.calls[question_id])
        rows["depth"].append(meter.depth[question_id])
        for metric, value in judged(world, result, rng).items():
            rows[metric].append(value)
    return {metric: np.array(values, dtype=float) for metric, values in rows.items()}


def judged(world: World, result: RankResult, rng: np.random.Generator) -> dict[str, float]:
    """How good one ranking is. Ties are broken by lot; an unranked answer is behind all ranked ones."""
    ranks = {answer_id: place for place, group in enumerate(result.groups) for answer_id in group}
    last = len(result.groups)
    places = np.array([np.mean([ranks.get(member, last) for member in members]) for members in world.classes])
    quality = world.quality
    order = np.lexsort((rng.random(len(places)), places))
    first = int(order[0])
    good = quality >= quality.max() - NEARLY_BEST
    values = {
        "gap": float(quality.max() - quality[first]),
        "p_at_1": float(good[first]),
        "p_at_3": float(good[order[:3]].any()),
        "tau": kendall_tau(-places, quality),
        "pair": float((quality[first] - quality[order[-1]]) / np.ptp(quality)),
        "ranked": float(len(ranks) > 0),
    }
    if result.p_top and (quality == quality.max()).sum() == 1:
        # Of several answers that are equally good, none is the best one.
        leader = max(result.p_top, key=lambda each: (-ranks[each], each))
        values["p_top"] = result.p_top[leader]
        values["is_best"] = float(first == int(quality.argmax()))
    if world.injected is not None:
        values["injected_first"] = float(first == world.injected)
        values["injected_flagged"] = float(world.classes[world.injected][0] in result.flags)
        others = [members[0] for place, members in enumerate(world.classes) if place != world.injected]
        values["others_flagged"] = float(np.mean([each in result.flags for each in others]))
    else:
        values["others_flagged"] = float(np.mean([members[0] in result.flags for members in world.classes]))
    return values


def kendall_tau(a: np.ndarray, b: np.ndarray) -> float:
    """Kendall's tau-b."""
    x, y = (np.sign(each[:, None] - each[None, :]) for each in (a, b))
    norm = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / norm) if norm else 0.0


def interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of a mean, by the normal approximation."""
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.inf
    return float(values.mean() - half), float(values.mean() + half)


def summary(measured: dict[str, np.ndarray]) -> dict[str, object]:
    """Means with their intervals, for the JSON line."""
    facts: dict[str, object] = {metric: round(float(values.mean()), 4) for metric, values in measured.items()}
    facts["intervals"] = {
        metric: [round(bound, 4) for bound in interval(values)] for metric, values in measured.items()
    }
    facts["questions"] = len(measured["gap"])
    return facts


def ratio(
    numerator: np.ndarray, denominator: np.ndarray, *, seed: int = 0, draws: int = 2000
) -> tuple[float, float, float]:
    """A ratio of means on the same questions with its 95 % interval, by bootstrap over questions."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(numerator), (draws, len(numerator)))
    ratios = numerator[picks].mean(axis=1) / np.maximum(denominator[picks].mean(axis=1), 1e-12)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(numerator.mean() / max(denominator.mean(), 1e-12)), float(low), float(high)


def print_table(scenario: str, found: dict[str, dict[str, np.ndarray]], seconds: dict[str, float]) -> None:
    """One line per ranker: means, and half the width of their intervals."""
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
            extras.append(f"P(top) {stated:.3f}, best in {true:.3f}: off by {100 * abs(stated - true):.1f} points")
        if "injected_first" in measured:
            extras.append(f"injected answer first in {100 * measured['injected_first'].mean():.1f} %")
            extras.append(f"and flagged in {100 * measured['injected_flagged'].mean():.1f} %")
        if measured["others_flagged"].any():
            extras.append(f"honest answers flagged {100 * measured['others_flagged'].mean():.2f} %")
        if extras:
            print(f"{name:30}" + ", ".join(extras))


def print_ratios(found: dict[str, dict[str, np.ndarray]], ranker: str = "adaptive_listwise") -> None:
    """The default ranker against the reference rankers on the same questions."""
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
    """Quality against price, one panel per scenario; a line joins the rankers that no other beats in both.

    Args:
        path: the PNG file.
        scenarios: of each scenario and ranker what ``summary`` says.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise SystemExit("the plot needs matplotlib: pip install 'thoughtrank[benchmarks]'") from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = min(2, len(scenarios))
    rows = -(-len(scenarios) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(6.5 * columns, 4.6 * rows), squeeze=False)
    for axis in axes.flat[len(scenarios) :]:
        axis.remove()
    for axis, (scenario, found) in zip(axes.flat, scenarios.items(), strict=False):
        # Without copies to judge, the two forms of a ranker are one point.
        points = sorted(
            (facts["tokens"], facts["gap"], name)
            for name, facts in found.items()
            if not name.endswith(COPIES) or facts["gap"] != found.get(name.removesuffix(COPIES), {}).get("gap")
        )
        front: list[tuple[float, float]] = []
        for tokens, gap, name in points:
            low, high = found[name]["intervals"]["gap"]
            copies = name.endswith(COPIES)
            axis.errorbar(
                tokens,
                gap,
                yerr=[[gap - low], [high - gap]],
                fmt="x" if copies else "o",
                color="C1" if copies else "C0",
            )
            label = name.removesuffix(COPIES) + (", every copy" if copies else "")
            at_the_end = tokens > points[-1][0] / 3
            axis.annotate(
                label,
                (tokens, gap),
                textcoords="offset points",
                xytext=(-5 if at_the_end else 5, -9 if copies else 4),
                ha="right" if at_the_end else "left",
                fontsize=7,
            )
            if not front or gap < front[-1][1]:
                front.append((tokens, gap))
        axis.plot(*zip(*front, strict=True), color="C2", linewidth=1, zorder=0)
        axis.set_xscale("log")
        axis.set_title(scenario)
        axis.set_xlabel("judge prompt tokens per question")
        axis.set_ylabel("gap of the first answer to the best (sd)")
        axis.grid(alpha=0.25, which="both")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def bookkeeping(count: int, *, judge_strength: Strength, ranker: str, seed: int) -> dict[str, float]:
    """Seconds that ranking ``count`` questions of 62 different answers takes without the judge's own time, on one core."""
    chunk, seconds = 500, 0.0
    for start in range(0, count, chunk):
        worlds = simulated_worlds(count=min(chunk, count - start), distinct=(SLOTS,), seed=seed + start)
        meter = Meter(SimulatedJudge(strength=judge_strength, seed=seed, quality=quality_of(worlds)))
        started = time.process_time()
        rank(ranker, worlds, meter)
        seconds += time.process_time() - started - meter.seconds_judging
    print(f"\n{ranker}: bookkeeping of {count} questions with {SLOTS} different answers: {seconds:.0f} s of one core")
    return {"questions": count, "seconds": round(seconds, 1)}


SCENARIOS: dict[str, dict] = {
    "mixed": {"distinct": MIXED},
    "distinct62": {"distinct": (SLOTS,)},
    "position_bias_x3": {"distinct": (20, 40), "position_bias_factor": 3.0},
    "injection": {"distinct": (20, 40), "injection_share": 0.5},
    "position_bias_x3_62": {"distinct": (SLOTS,), "position_bias_factor": 3.0},
    "injection_62": {"distinct": (SLOTS,), "injection_share": 0.5},
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=Path, help="JSON lines of questions with answers and their quality")
    parser.add_argument("--judge", choices=["strong", "weak"], default="strong")
    parser.add_argument("--ranker", nargs="+", default=list(RANKERS), choices=RANKERS, metavar="NAME")
    parser.add_argument("--scenario", nargs="+", default=list(SCENARIOS), choices=SCENARIOS, metavar="NAME")
    parser.add_argument("--questions", type=int, default=300, help="simulated questions per scenario")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="PNG file for price against quality")
    parser.add_argument(
        "--bookkeeping", type=int, metavar="QUESTIONS", help="only time the first ranker, without the judge"
    )
    parser.add_argument(
        "--plot-from", type=Path, nargs="+", metavar="FILE", help="only plot what earlier runs printed into these files"
    )
    options = parser.parse_args()
    if options.plot_from:
        earlier: dict[str, dict[str, dict]] = {}
        for path in options.plot_from:
            earlier.update(json.loads(path.read_text().splitlines()[-1]))
        plot(options.plot or Path("ranking.png"), earlier)
        return
    if options.bookkeeping:
        facts = bookkeeping(
            options.bookkeeping, judge_strength=options.judge, ranker=options.ranker[0], seed=options.seed
        )
        print(json.dumps({"bookkeeping": {options.ranker[0]: facts}}))
        return
    scenarios: dict[str, dict[str, dict[str, np.ndarray]]] = {}
    for scenario in ["answers"] if options.answers else options.scenario:
        traits = dict(SCENARIOS.get(scenario, {}))
        distinct = traits.pop("distinct", ())
        if options.answers:
            worlds = worlds_from_file(options.answers, seed=options.seed)
        else:
            worlds = simulated_worlds(
                count=options.questions,
                distinct=distinct,
                seed=options.seed,
                injected="injection_share" in traits,
            )
        found: dict[str, dict[str, np.ndarray]] = {}
        seconds: dict[str, float] = {}
        for name in options.ranker:
            judge = SimulatedJudge(strength=options.judge, seed=options.seed, quality=quality_of(worlds), **traits)
            started = time.perf_counter()
            without = name.removesuffix(COPIES)
            same = without in found and all(len(world.classes) == len(world.asked.answers) for world in worlds)
            found[name] = found[without] if same else measure(name, worlds, judge, seed=options.seed)
            seconds[name] = time.perf_counter() - started
        print_table(scenario, found, seconds)
        print_ratios(found)
        scenarios[scenario] = found
    summaries = {
        scenario: {name: summary(measured) for name, measured in found.items()} for scenario, found in scenarios.items()
    }
    if options.plot:
        plot(options.plot, summaries)
    print(json.dumps(summaries))


if __name__ == "__main__":
    main()
