"""The sections on distributions over the candidates, and on what went wrong with some of them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from thoughtrank.report.html.markup import note, percent, scrolling, section, table
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.svg import histogram, legend


def distribution_section(rounds: Sequence[RoundStatistics], *, name: str) -> str:
    """Ranks, gains and lengths of thoughts, one outline per round."""
    title = "Distributions over the candidates"
    measures: Sequence[tuple[str, str, Sequence[tuple[int, Mapping[float, int]]]]] = (
        ("Ranks", "", [(each.number, each.ranks) for each in rounds]),
        ("Gains of the thoughts", "nats", [(each.number, each.gains) for each in rounds]),
        ("Length of the thoughts", "tokens", [(each.number, each.lengths) for each in rounds]),
    )
    parts, absent = [], []
    for heading, unit, by_round in measures:
        series = [(f"round {number}", counts) for number, counts in by_round if counts]
        if not series:
            absent.append(heading.lower())
            continue
        shown = histogram(series, label=f"{heading}: distribution by round", unit=unit)
        names = [f"{label} ({sum(counts.values()):,})" for label, counts in series]
        parts.append(
            f"<figure><figcaption>{heading}</figcaption>{scrolling(shown, label=heading)}{legend(names)}</figure>"
        )
    if not parts:
        return section(f"{name}-distributions", title, missing="The run has no candidates yet.")
    left_out = [note(f"Not computed in this run: {', '.join(absent)}.")] if absent else []
    return section(f"{name}-distributions", title, '<div class="figures">', *parts, "</div>", *left_out)


def problems_section(run: StoredRun, rounds: Sequence[RoundStatistics], *, name: str) -> str:
    """Truncations, failures, and unranked candidates with their reasons, by round."""
    title = "Truncated, failed and unranked"
    counted = {each.number: Counter(each.problems) for each in rounds}
    for each in run.rounds:
        counted.setdefault(each.number, Counter()).update(_other_problems(run, each.number))
    reasons = sorted({reason for counts in counted.values() for reason in counts})
    if not reasons:
        return section(f"{name}-problems", title, missing="Nothing was truncated, failed or left unranked.")
    totals = {each.number: each.candidates for each in rounds}
    numbers = sorted(counted)
    rows = [["candidates", *(f"{totals[number]:,}" if number in totals else "–" for number in numbers)]]
    rows += [
        [reason, *(_count(counted[number][reason], of=totals.get(number)) for number in numbers)] for reason in reasons
    ]
    header = ["", *(f"round {number}" for number in numbers)]
    return section(f"{name}-problems", title, table(header, rows, caption="Numbers by round"))


def _other_problems(run: StoredRun, number: int) -> dict[str, int]:
    """Those of training and evaluation."""
    (of_round,) = (each for each in run.rounds if each.number == number)
    found = {
        "training examples too long for the model": len(of_round.facts.get("training", {}).get("examples_too_long", []))
    }
    for key, text in (("truncation_rate", "replies"), ("direct_truncation_rate", "replies without a thought")):
        rate, questions = of_round.metrics.get(key) or 0.0, of_round.metrics.get("n") or 0
        found[f"held-out {text} truncated"] = round(rate * questions)
    return {text: count for text, count in found.items() if count}


def _count(number: int, *, of: int | None) -> str:
    return "0" if not number else f"{number:,}" + (f" ({percent(number / of)})" if of else "")
