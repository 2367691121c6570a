"""The figures at the top of a run: accuracy, thought effect, prefixes, cost and time."""

from collections.abc import Sequence

from thoughtrank.report.effect_text import chance_text, p_text, why_unmeasured
from thoughtrank.report.html.differences import change_over_rounds, excludes_zero
from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.html.machine import machine_text
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.html.stored_run import StoredRound, StoredRun
from thoughtrank.report.html.thought_effect_notes import effect_sides
from thoughtrank.report.html.totals import duration_text, total_cost, total_seconds, total_tokens
from thoughtrank.report.prefix_chance import PrefixWins
from thoughtrank.report.text_layout import dollars, percent

_MOST, _MOST_WORSE = 5, 12
_PREFIXES = "Prefixes that win more often than the others"
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
        clear = chance_text(significant=excludes_zero(compared))
        change = f": {compared['points']:+.1f} points [{compared['low']:+.1f} to {compared['high']:+.1f}], {clear}"
    text = f"round {first.number} → {last.number}{change}{_families(first, last)}"
    return [("Accuracy", f"{percent(first.metrics['accuracy'])} → {value}", text)]


def _families(first: StoredRound, last: StoredRound) -> str:
    """The mean over the families of questions; empty where it is the accuracy, and without families."""
    macro = [each.metrics.get("family_macro_accuracy") for each in (first, last)]
    if macro[1] is None or macro == [each.metrics["accuracy"] for each in (first, last)]:
        return ""
    return f". Mean over the families of questions: {percent(macro[0])} → {percent(macro[1])}"


def _effect(run: StoredRun) -> list[tuple[str, str, str]]:
    effect = run.findings["thought_effect"]
    if effect is None:
        text = why_unmeasured(run.examples) if run.finished else "known when the run is finished"
        return [("Thought effect", "not measured", text)]
    clear = chance_text(significant=excludes_zero(effect))
    interval = f"[{effect['low']:+.1f} to {effect['high']:+.1f}], p {p_text(effect['p_value'])}"
    sides = effect_sides(run)
    trained = "over training on the same answers without thoughts"
    if sides is not None:
        trained = f"{percent(sides[1])} with thoughts, {percent(sides[0])} trained on the same answers without them"
    return [("Thought effect", f"{effect['points']:+.1f} points", f"{trained}: {interval}, {clear}")]


def _prefixes(rounds: Sequence[RoundStatistics]) -> list[tuple[str, str, str]]:
    """The prefixes of all rounds that win significantly more often than the others, and those that win less often."""
    wins = PrefixWins.together(each.wins for each in rounds)
    tested = wins.tested()
    if not tested:
        return []
    better = sorted((each for each in tested if each.better), key=lambda each: each.expected - each.wins)[:_MOST]
    worse = [each.prefix for each in tested if each.worse]
    mean = sum(each.wins for each in tested) / sum(each.questions for each in tested)
    rates = [f"{100 * rate:.0f} %" for rate in sorted(each.wins / each.questions for each in better)]
    tried = {each.questions for each in tested}
    several = f"the {min(tried)} to {max(tried)} training questions that each was tried on"
    questions = f"{wins.questions} training questions" if len(tried) == 1 else several
    questions += " (those whose answers differ in rank)"
    text = "as forced beginnings of a thought. "
    if rates:
        ends = " to ".join(dict.fromkeys((rates[0], rates[-1])))
        text += f"Each led to the best answer, or one as good, on {ends} of {questions}; average of all {len(tested)}: "
        text += f"{100 * mean:.0f} %. "
    else:
        text += f"All {len(tested)} prefixes: the best answer, or one as good, on {100 * mean:.0f} % of {questions}. "
    text += "Unlikely to be chance, all rounds together" if better or worse else "Every difference may be chance"
    text += f". Less often: {_listed(worse)}" if worse else ""
    names = [f"{each.prefix} is {_LOOK_ALIKE[each.prefix]}" for each in better if each.prefix in _LOOK_ALIKE]
    text += f" ({', '.join(names)})" if names else ""
    return [(_PREFIXES, ", ".join(f"“{each.prefix}”" for each in better) or "none", text)]


def _listed(prefixes: Sequence[str]) -> str:
    more = f" and {len(prefixes) - _MOST_WORSE} more" if len(prefixes) > _MOST_WORSE else ""
    return ", ".join(f"“{each}”" for each in prefixes[:_MOST_WORSE]) + more


def _spend(run: StoredRun) -> list[tuple[str, str, str]]:
    seconds = total_seconds(run)
    machine = machine_text(run)
    text = f"judge and compute{machine and f' (on {machine})'}, controls included"
    if (cost := total_cost(run)) is None:
        text = f"{text}; the judge used {total_tokens(run):,} tokens of unknown price (set judge.price_per_million)"
    return [("Cost and time", f"{dollars(cost)}, {duration_text(seconds)}", text)]
