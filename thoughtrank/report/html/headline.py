"""The headline of a report: whether training helped, by how much, what the thoughts are worth, and at what cost."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.report.effect_text import p_text
from thoughtrank.report.html.empty_thought import closed_anyway
from thoughtrank.report.html.stored_run import StoredRound, StoredRun
from thoughtrank.report.html.training_texts import trained_text
from thoughtrank.report.text_layout import percent

_SIGNIFICANT = 0.05


def headline(run: StoredRun) -> str:
    """One to three sentences, whatever the run has so far."""
    return " ".join(filter(None, [_change(run), _thoughts(run), _cost(run)]))


def change_over_rounds(run: StoredRun) -> Mapping[str, Any] | None:
    """The comparison of the last round with the base model; None before a round is evaluated."""
    return comparison_of(run, "thought", "round 0 thought")


def comparison_of(run: StoredRun, first: str, second: str) -> Mapping[str, Any] | None:
    """One of the comparisons; None where it was not made.

    Args:
        run: the run.
        first: arm of the last evaluated round.
        second: another arm of that round, or a round and its arm, such as ``round 0 thought``.
    """
    if not run.evaluated:
        return None
    last = f"round {run.evaluated[-1].number}"
    sides = (f"{last} {first}", second if " " in second else f"{last} {second}")
    found = [each for each in run.findings["comparisons"] if (each["first"], each["second"]) == sides]
    return found[0] if found else None


def excludes_zero(compared: Mapping[str, Any]) -> bool:
    """Whether an interval is above or below zero, and the p-value says the same."""
    return (compared["low"] > 0 or compared["high"] < 0) and compared["p_value"] < _SIGNIFICANT


def points_text(compared: Mapping[str, Any]) -> str:
    """A difference with its interval and p-value."""
    interval = f"95 % interval {compared['low']:+.1f} to {compared['high']:+.1f}"
    return f"{compared['points']:+.1f} points ({interval}, p {p_text(compared['p_value'])})"


def duration_text(seconds: float) -> str:
    """Seconds as text in the two largest units."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def total_cost(run: StoredRun) -> float:
    """US dollars of all judge calls, those of the controls included."""
    return sum(each.cost for each in run.rounds) + sum(
        each.get("judge_cost", 0.0) for each in control_variants(run).values()
    )


def total_seconds(run: StoredRun) -> float:
    """Seconds of computation of all stages, and of the controls."""
    of_rounds = sum(sum(each.seconds.values()) for each in run.rounds)
    return of_rounds + sum(each.get("seconds", 0.0) for each in control_variants(run).values())


def control_variants(run: StoredRun) -> dict[str, Mapping[str, Any]]:
    """The figures of every variant of every control by its title, such as ``answers_only/pairs``."""
    return {
        f"{control}/{variant}" if variant else control: figures
        for control, entry in run.findings["controls"].items()
        for variant, figures in entry.get("variants", {"": entry}).items()
    }


def _change(run: StoredRun) -> str:
    evaluated = run.evaluated
    if not evaluated:
        return "This run has no evaluated round yet."
    last, first = evaluated[-1], evaluated[0]
    accuracy = last.metrics.get("accuracy")
    if accuracy is None:
        return _judged_change(run, last)
    if last.number == 0:
        return (
            f"Before training the model answers {100 * accuracy:.1f} % of {last.metrics['n']} held-out questions right."
        )
    before = first.metrics.get("accuracy")
    trained = trained_text(run, last.number)
    if before is None or first.number:
        return f"After {trained} the model answers {100 * accuracy:.1f} % of the held-out questions right."
    from_to = f"from {100 * before:.1f} % to {100 * accuracy:.1f} % of {last.metrics['n']} held-out questions"
    compared = change_over_rounds(run)
    if compared is None:
        return f"{_begun(trained)} changed accuracy {from_to}."
    if not excludes_zero(compared):
        return f"{_begun(trained)} did not measurably change accuracy: {from_to}, {points_text(compared)}."
    verb = "raised" if compared["points"] > 0 else "lowered"
    return f"{_begun(trained)} {verb} accuracy {from_to}: {points_text(compared)}."


def _judged_change(run: StoredRun, last: StoredRound) -> str:
    """Where accuracy cannot be measured: what the judge says of the last round's replies beside those of the base model."""
    figures = last.win_rates.get("thought_vs_round_0", {})
    rate = figures.get("win_rate")
    if rate is None:
        counted = "1 round" if last.number == 1 else f"{last.number} rounds"
        return f"{counted} evaluated; the questions have no reference answers, so there is no accuracy."
    low, high, p_value = figures["low"], figures["high"], figures["p_value"]
    shown = (
        f"the judge prefers its replies to those of the base model in {100 * rate:.1f} % of {figures['n']} questions "
        f"(95 % interval {100 * low:.1f} to {100 * high:.1f}, p {p_text(p_value)}; the questions have no reference answers)"
    )
    trained = trained_text(run, last.number)
    if p_value >= _SIGNIFICANT or low <= 0.5 <= high:
        return f"{_begun(trained)} did not measurably change the replies: {shown}."
    verb = "improved" if rate > 0.5 else "worsened"
    return f"{_begun(trained)} {verb} the replies: {shown}."


def _begun(text: str) -> str:
    return text[0].upper() + text[1:]


def _thoughts(run: StoredRun) -> str:
    effect = run.findings["thought_effect"]
    if not run.evaluated or run.evaluated[-1].number == 0:
        return ""
    if effect is None:
        if not run.finished:
            return "What the thoughts are worth is measured when the run is finished."
        return "What the thoughts are worth was not measured."
    if excludes_zero(effect) and effect["points"] > 0:
        text = f"Training on thoughts is worth {points_text(effect)} over training on the same answers without them"
        reached = reached_without(run)
        text += f", which reaches {percent(reached)}" if reached is not None else ""
    else:
        verb = "is worse" if excludes_zero(effect) else "is not shown to be better"
        text = f"Training on thoughts {verb} than training on the same answers without them: {points_text(effect)}"
    return f"{text}{_without_a_thought(run)}."


def reached_without(run: StoredRun) -> float | None:
    """Accuracy of the control that the thought effect is measured against; None where there is none."""
    title, _, arm = run.findings["thought_effect"].get("against", "").rpartition(" ")
    accuracy: float | None = control_variants(run).get(title, {}).get("arms", {}).get(arm, {}).get("accuracy")
    return accuracy


def _without_a_thought(run: StoredRun) -> str:
    """The second half of the sentence: whether it matters that the trained model writes a thought when it answers.

    Where most replies after an empty thought close one anyway, the arm cannot show that; ``cautions`` says so.
    """
    last = run.evaluated[-1]
    arms = last.metrics.get("arms", {})
    own, empty = (arms.get(name, {}).get("accuracy") for name in ("thought", "room_to_reason"))
    compared = comparison_of(run, "thought", "room_to_reason")
    if own is None or empty is None or compared is None:
        return ""
    counted = closed_anyway(last)
    if counted is not None and counted.most:
        return ""
    reached = f"{percent(empty)} ({percent(own)} with its own)"
    if not excludes_zero({**compared, "p_value": compared["adjusted_p_value"]}):
        matters = "whether the trained model then writes a thought is not shown to matter"
    else:
        matters = (
            f"the trained model then does {'worse' if compared['points'] > 0 else 'better'} without writing a thought"
        )
    anyway = "" if counted is None else f"; {counted.text}"
    return f"; {matters}: after an empty one, with room to calculate in its answer, it reaches {reached}{anyway}"


def _cost(run: StoredRun) -> str:
    seconds, cost = total_seconds(run), total_cost(run)
    if not seconds:
        return ""
    judge = f"${cost:.2f} for the judge" if cost else "nothing for the judge"
    return f"It took {duration_text(seconds)} of computation and cost {judge}."
