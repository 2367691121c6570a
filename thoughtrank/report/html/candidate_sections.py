"""The sections on distributions over the candidates, and on what went wrong with some of them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from thoughtrank.report.html.markup import note, scrolling, section, table
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.html.stored_run import StoredRound, StoredRun
from thoughtrank.report.html.svg import histogram, legend
from thoughtrank.report.text_layout import percent


def distribution_section(rounds: Sequence[RoundStatistics], *, name: str) -> str:
    """Ranks, gains and lengths of thoughts, one outline per round."""
    title = "Distributions over the candidates"
    measures: Sequence[tuple[str, str, str, Sequence[tuple[int, Mapping[float, int]]]]] = (
        (
            "Ranks",
            "Not accuracy: a rank compares the candidates of one question, and where all are wrong, all have rank 1.",
            "rank (1 is best; equals share a rank)",
            [(each.number, each.ranks) for each in rounds],
        ),
        (
            "Gains of the thoughts",
            "By how much a thought makes its answer more probable, for candidates with the best rank.",
            "gain in nats",
            [(each.number, each.gains) for each in rounds],
        ),
        (
            "Length of the thoughts",
            "Thoughts that were cut at their limit have that length.",
            "tokens of the thought",
            [(each.number, each.lengths) for each in rounds],
        ),
    )
    parts, absent = [], []
    for heading, meaning, x_label, by_round in measures:
        series = [(f"round {number}", counts) for number, counts in by_round if counts]
        if not series:
            absent.append(heading.lower())
            continue
        shown = histogram(series, label=f"{heading}: distribution by round", x_label=x_label)
        names = [f"{label} ({sum(counts.values()):,})" for label, counts in series]
        parts.append(
            f"<figure><figcaption>{heading}</figcaption>{note(meaning)}{scrolling(shown, label=heading)}{legend(names)}"
            "</figure>"
        )
    if not parts:
        return section(f"{name}-distributions", title, missing="The run has no candidates yet.")
    left_out = [note(f"Not computed in this run: {', '.join(absent)}.")] if absent else []
    explained = note(
        "Vertical: percentage of the candidates that have a value (in brackets, how many these are), on a square-root scale: "
        "so small percentages show beside large ones."
    )
    return section(f"{name}-distributions", title, explained, '<div class="figures">', *parts, "</div>", *left_out)


def problems_section(run: StoredRun, rounds: Sequence[RoundStatistics], *, name: str) -> str:
    """Truncations, failures, and unranked candidates with their reasons, by round."""
    title = "Truncated, failed and unranked"
    numbers = sorted({*(each.number for each in rounds), *(each.number for each in run.rounds)})
    candidates = {each.number: each.problems for each in rounds}
    held_out = {each.number: _of_held_out(each) for each in run.rounds}
    training = {each.number: _of_training(each) for each in run.rounds}
    rows = [
        *_rows("candidates", candidates, of={each.number: each.candidates for each in rounds}, numbers=numbers),
        *_rows("held-out questions", held_out, of=_num_held_out(run), numbers=numbers),
        *_rows(None, training, of={}, numbers=numbers),
    ]
    if not rows:
        return section(f"{name}-problems", title, missing="Nothing was truncated, failed or left unranked.")
    header = ["", *(f"round {number}" for number in numbers)]
    explained = note(
        "Percentages are of the candidates of the round, or of its held-out questions. The candidates of a round come from the "
        "model before its training, the replies to held-out questions from the model after it."
    )
    return section(f"{name}-problems", title, explained, table(header, rows, caption="Numbers by round"))


def _rows(
    heading: str | None, counted: Mapping[int, Counter[str]], *, of: Mapping[int, int], numbers: Sequence[int]
) -> list[list[str]]:
    """One row per problem, after one with the totals; none without problems.

    Args:
        heading: of the row with the totals; None for none.
        counted: round to its problems.
        of: round to the total that its problems are a part of.
        numbers: of the rounds.
    """
    problems = sorted({problem for counts in counted.values() for problem in counts if counts[problem]})
    totals = [[heading, *(f"{of[number]:,}" if of.get(number) else "–" for number in numbers)]] if heading else []
    rows = [
        [
            problem,
            *(
                "–"
                if heading and not of.get(number)
                else _count(counted.get(number, Counter())[problem], of=of.get(number))
                for number in numbers
            ),
        ]
        for problem in problems
    ]
    return [*totals, *rows] if rows else []


def _num_held_out(run: StoredRun) -> dict[int, int]:
    return {each.number: each.metrics.get("n") or 0 for each in run.rounds}


def _of_held_out(of_round: StoredRound) -> Counter[str]:
    rates = {
        "free reply truncated": "truncation_rate",
        "free reply truncated after an empty thought": "direct_truncation_rate",
    }
    questions = of_round.metrics.get("n") or 0
    return Counter({text: round((of_round.metrics.get(key) or 0.0) * questions) for text, key in rates.items()})


def _of_training(of_round: StoredRound) -> Counter[str]:
    too_long = of_round.facts.get("training", {}).get("examples_too_long", [])
    return Counter({"training examples too long for the model": len(too_long)})


def _count(number: int, *, of: int | None) -> str:
    return f"{number:,} ({percent(number / of)})" if number and of else f"{number:,}"
