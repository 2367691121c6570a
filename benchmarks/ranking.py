"""Cost of each ranker and quality of its first answer, with a simulated judge on answers of known quality.

All rankers get the same questions, and the judge makes the same errors for all of them. The last line is one JSON object.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from ranking_measures import COPIES, bookkeeping, measure
from ranking_questions import MIXED, SLOTS, RatedQuestion, quality_of, questions_from_file, simulated_questions
from ranking_report import plot, print_ratios, print_table, summary

from thoughtrank.judging.simulated import SimulatedJudge

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

SCENARIOS: dict[str, dict] = {
    "mixed": {"distinct": MIXED},
    "distinct62": {"distinct": (SLOTS,)},
    "position_bias_x3": {"distinct": (20, 40), "position_bias_factor": 3.0},
    "injection": {"distinct": (20, 40), "injection_share": 0.5},
    "position_bias_x3_62": {"distinct": (SLOTS,), "position_bias_factor": 3.0},
    "injection_62": {"distinct": (SLOTS,), "injection_share": 0.5},
}


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=Path, help="JSON lines of questions with answers and their quality")
    parser.add_argument("--judge", choices=["strong", "weak"], default="strong")
    parser.add_argument("--ranker", nargs="+", default=list(RANKERS), choices=RANKERS, metavar="NAME")
    parser.add_argument("--scenario", nargs="+", default=list(SCENARIOS), choices=SCENARIOS, metavar="NAME")
    parser.add_argument("--questions", type=int, default=300, help="simulated questions per scenario")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="PNG file for cost against quality")
    parser.add_argument(
        "--bookkeeping", type=int, metavar="QUESTIONS", help="only time the first ranker, without the judge"
    )
    parser.add_argument(
        "--plot-from", type=Path, nargs="+", metavar="FILE", help="only plot the printed results of earlier runs"
    )
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    options = parse()
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
    summaries = {
        scenario: {name: summary(measured) for name, measured in measure_scenario(scenario, options).items()}
        for scenario in (["answers"] if options.answers else options.scenario)
    }
    if options.plot:
        plot(options.plot, summaries)
    print(json.dumps(summaries))


def measure_scenario(scenario: str, options: argparse.Namespace) -> dict[str, dict[str, np.ndarray]]:
    """Measure all rankers in one scenario, and print its table."""
    judge_settings = dict(SCENARIOS.get(scenario, {}))
    distinct = judge_settings.pop("distinct", ())
    if options.answers:
        questions = questions_from_file(options.answers, seed=options.seed)
    else:
        injected = "injection_share" in judge_settings
        questions = simulated_questions(
            count=options.questions, distinct=distinct, seed=options.seed, injected=injected
        )
    found: dict[str, dict[str, np.ndarray]] = {}
    seconds: dict[str, float] = {}
    for name in options.ranker:
        judge = SimulatedJudge(
            strength=options.judge, seed=options.seed, quality=quality_of(questions), **judge_settings
        )
        started = time.perf_counter()
        without_copies = name.removesuffix(COPIES)
        same = without_copies in found and not any(map(has_copies, questions))
        found[name] = found[without_copies] if same else measure(name, questions, judge, seed=options.seed)
        seconds[name] = time.perf_counter() - started
    print_table(scenario, found, seconds)
    print_ratios(found)
    return found


def has_copies(question: RatedQuestion) -> bool:
    """Whether some answers are copies of others."""
    return len(question.classes) != len(question.asked.answers)


if __name__ == "__main__":
    main()
