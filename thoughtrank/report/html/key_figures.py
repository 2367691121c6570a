"""The figures at the top of a run: accuracy, thought effect, best prefixes, cost and time."""

from collections.abc import Sequence

from thoughtrank.report.effect_text import p_text
from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.html.headline import change_over_rounds, duration_text, excludes_zero, total_cost, total_seconds
from thoughtrank.report.html.markup import percent
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.html.stored_run import StoredRun

_BEST = 5
_PREFIXES = "Best prefixes"
_LOOK_ALIKE = {"O": "the letter O", "0": "the digit 0", "l": "a small L", "I": "a capital i", "1": "the digit 1"}


def key_figures(run: StoredRun, rounds: Sequence[RoundStatistics]) -> str:
    """A list of figures, each with its name and what it means."""
    figures = [*_accuracy(run), *_effect(run), *_prefixes(rounds), *_spend(run)]
    items = "".join(_item(*each) for each in figures)
    return f'<dl class="figures-row">{items}</dl>' if items else ""


def _item(name: str, value: str, text: str) -> str:
    value_class = ' class="typed"' if name == _PREFIXES else ""
    return (
        f"<div><dt>{escaped(name)}</dt><dd><b{value_class}>{escaped(value)}</b><span>{escaped(text)}</span></dd></div>"
    )


def _accuracy(run: StoredRun) -> list[tuple[str, str, str]]:
    evaluated = [each for each in run.evaluated if each.metrics.get("accuracy") is not None]
    if not evaluated:
        return []
    first, last = evaluated[0], evaluated[-1]
    value = percent(last.metrics["accuracy"])
    if first is last:
        return [
            ("Accuracy", value, f"round {last.number}, before training" if last.number == 0 else f"round {last.number}")
        ]
    compared = change_over_rounds(run)
    change = ""
    if compared is not None:
        clear = "more than chance" if excludes_zero(compared) else "may be chance"
        change = f": {compared['points']:+.1f} points [{compared['low']:+.1f} to {compared['high']:+.1f}], {clear}"
    return [
        ("Accuracy", f"{percent(first.metrics['accuracy'])} → {value}", f"round {first.number} → {last.number}{change}")
    ]


def _effect(run: StoredRun) -> list[tuple[str, str, str]]:
    effect = run.findings["thought_effect"]
    if effect is None:
        text = "needs the control answers_only" if run.finished else "known when the run is finished"
        return [("Thought effect", "not measured", text)]
    clear = "more than chance" if excludes_zero(effect) else "may be chance"
    interval = f"[{effect['low']:+.1f} to {effect['high']:+.1f}], p {p_text(effect['p_value'])}"
    text = f"over training on the same answers without thoughts: {interval}, {clear}"
    return [("Thought effect", f"{effect['points']:+.1f} points", text)]


def _prefixes(rounds: Sequence[RoundStatistics]) -> list[tuple[str, str, str]]:
    ranked = [each for each in rounds if each.prefixes()]
    if not ranked:
        return []
    last = ranked[-1]
    decided = [(each.win_rate, each.prefix) for each in last.prefixes() if each.win_rate is not None]
    best = sorted(decided, key=lambda each: (-each[0], each[1]))[:_BEST]
    if not best:
        return []
    ties = sum(rate == best[-1][0] for rate, _ in decided) - sum(rate == best[-1][0] for rate, _ in best)
    more = f"; {ties} more {'ties' if ties == 1 else 'tie'} with the last one" if ties else ""
    text = (
        f"of {len(decided)} forced beginnings of a thought: best answer in {100 * best[0][0]:.0f} % to "
        f"{100 * best[-1][0]:.0f} % of {last.decided} questions of round {last.number}{more}"
    )
    names = [f"{prefix} is {_LOOK_ALIKE[prefix]}" for _, prefix in best if prefix in _LOOK_ALIKE]
    text += f" ({', '.join(names)})" if names else ""
    return [(_PREFIXES, " ".join(prefix for _, prefix in best), text)]


def _spend(run: StoredRun) -> list[tuple[str, str, str]]:
    seconds = total_seconds(run)
    examples = sum(each.facts.get("selection", {}).get("examples", 0) for each in run.rounds)
    return [
        ("Cost", f"${total_cost(run):.2f}", "for the judge"),
        ("Time", duration_text(seconds), "of computing, controls included"),
        ("Examples", f"{examples:,}", "selected for training, all rounds together"),
    ]
