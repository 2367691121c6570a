"""The headline of a report: whether training helped, by how much, what the thoughts are worth, and at what cost."""

from thoughtrank.report.effect_text import found_none, p_text
from thoughtrank.report.html.differences import SIGNIFICANT, change_over_rounds, excludes_zero, points_text
from thoughtrank.report.html.stored_run import StoredRound, StoredRun
from thoughtrank.report.html.thought_credit import thoughts_text
from thoughtrank.report.html.totals import duration_text, total_cost, total_seconds, total_tokens
from thoughtrank.report.html.training_texts import trained_text
from thoughtrank.report.text_layout import dollars, sentence_case
from thoughtrank.report.win_rate_chance import all_win_rates, corrected_p_values


def headline(run: StoredRun) -> str:
    """One to three sentences, whatever the run has so far."""
    return " ".join(filter(None, [_change(run), thoughts_text(run), _cost(run)]))


def _change(run: StoredRun) -> str:
    evaluated = run.evaluated
    if not evaluated:
        return "This run has no evaluated round yet."
    last, first = evaluated[-1], evaluated[0]
    accuracy = last.metrics.get("accuracy")
    if found_none(run.examples):
        right = (
            ""
            if accuracy is None
            else f": it answers {100 * accuracy:.1f} % of {last.metrics['n']} held-out questions right"
        )
        return f"No round found a training example, so the model is still the base model{right}."
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
        return f"{sentence_case(trained)} changed accuracy {from_to}."
    change = points_text(compared, corrected=True)
    if not excludes_zero(compared):
        return f"{sentence_case(trained)} did not measurably change accuracy: {from_to}, {change}."
    verb = "raised" if compared["points"] > 0 else "lowered"
    return f"{sentence_case(trained)} {verb} accuracy {from_to}: {change}."


def _judged_change(run: StoredRun, last: StoredRound) -> str:
    """Where accuracy cannot be measured: what the judge says of the last round's replies beside those of the base model."""
    figures = last.win_rates.get("thought_vs_round_0", {})
    rate = figures.get("win_rate")
    if rate is None:
        counted = "1 round" if last.number == 1 else f"{last.number} rounds"
        return f"{counted} evaluated; the questions have no reference answers, so there is no accuracy."
    rounds = [{"round": each.number, "win_rates": each.win_rates} for each in run.rounds]
    p_values = corrected_p_values(all_win_rates(rounds, run.findings["controls"]))
    low, high, p_value = figures["low"], figures["high"], p_values[last.number, None, "thought_vs_round_0"]
    shown = (
        f"the judge prefers its replies to those of the base model in {100 * rate:.1f} % of {figures['n']} questions "
        f"(95 % interval {100 * low:.1f} to {100 * high:.1f}, corrected p {p_text(p_value)}; the questions have no reference "
        "answers)"
    )
    trained = trained_text(run, last.number)
    if p_value >= SIGNIFICANT or low <= 0.5 <= high:
        return f"{sentence_case(trained)} did not measurably change the replies: {shown}."
    verb = "improved" if rate > 0.5 else "worsened"
    return f"{sentence_case(trained)} {verb} the replies: {shown}."


def _cost(run: StoredRun) -> str:
    seconds, cost = total_seconds(run), total_cost(run)
    if not seconds:
        return ""
    judge = f"cost {dollars(cost)}" if cost else "cost nothing"
    if cost is None:
        judge = f"used {total_tokens(run):,} tokens of unknown price (set judge.price_per_million)"
    return f"It took {duration_text(seconds)} of compute; the judge {judge}."
