"""The judge in the plan of a run: its calls and what they cost at most, for the rankings and for win rates."""

from collections.abc import Mapping, Sequence

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.candidate_counts import candidates_per_question
from thoughtrank.config.dry_run.control_plan import times_ranked
from thoughtrank.config.dry_run.expected_price import expected_price
from thoughtrank.config.dry_run.number_text import count
from thoughtrank.config.schema import RunConfig
from thoughtrank.controls.choices import chosen_controls
from thoughtrank.errors import UserError
from thoughtrank.evaluation.judged_comparisons import (
    JudgedComparison,
    compared_questions,
    control_comparisons,
    judged_comparisons,
)
from thoughtrank.judging.cost_bound import CostBound
from thoughtrank.questions.protocol import count_faults
from thoughtrank.report.labels import of_control
from thoughtrank.report.win_rate_text import versus_text

_ORDERS = 2
"""In which each pair of replies is shown."""


def ranking_line(config: RunConfig, components: Components) -> str:
    """The most calls and tokens of a round, and the most money of all rounds, those of controls included."""
    judge, questions = components.judge, components.questions.train_per_round
    work = components.ranker.max_work(candidates_per_question(config, components))
    bound = judge.cost_bound(
        calls=questions * work.calls,
        answers_shown=questions * work.answers_shown,
        answer_tokens=config.generation.answer_tokens,
    )
    if bound is None:
        return f"{judge.name}: offline, no calls, no money"
    tokens = bound.prompt_tokens + bound.reply_tokens
    money = _money(bound, times=config.rounds * times_ranked(config))
    expected = expected_price(config, components)
    return (
        f"{judge.name}: at most {count(bound.calls, 'judge call')} and {count(tokens, 'token')} per round, {money} (an "
        f"unparseable reply is requested once more){f'; {expected}' if expected else ''}"
    )


def win_rate_lines(config: RunConfig, components: Components) -> list[str]:
    """What the judge compares, and what that costs at most; none where it compares nothing."""
    if count_faults(components.questions):
        return []
    try:
        held_out = components.questions.evaluation()
    except UserError:
        return []  # reported as a fault; a plan is shown all the same
    judge = components.judge
    compared = compared_questions(held_out, config.evaluation.win_rates, needs_reference=judge.needs_reference)
    if not compared:
        return []
    rounds = {
        number: judged_comparisons(config.evaluation.arms, number=number, rounds=config.rounds)
        for number in range(config.rounds + 1)
    }
    controls = {
        each.title: control_comparisons(each.asked_in(config.evaluation.arms))
        for each in chosen_controls(config.controls)
    }
    pairs = len(compared) * sum(map(len, (*rounds.values(), *controls.values())))
    calls = _ORDERS * pairs
    bound = judge.cost_bound(calls=calls, answers_shown=2 * calls, answer_tokens=config.reply_tokens)
    cost = "offline, no calls, no money"
    if bound is not None:
        cost = f"at most {count(bound.calls, 'judge call')}, {_money(bound, times=1)}"
    return [
        f"  win rates   {judge.name} compares replies to {count(len(compared), 'test question')}, blind and in both orders: "
        f"{_comparisons_text(rounds)}{_controls_text(controls)}; {cost}"
    ]


def win_rate_faults(config: RunConfig, components: Components) -> list[str]:
    """All replies are to be compared by a judge that cannot compare."""
    if config.evaluation.win_rates != "all" or not components.judge.needs_reference:
        return []
    return [
        "evaluation.win_rates=all: this judge only compares with reference answers and cannot compare two replies: choose a "
        "judge that reads (judge=gpt4, judge=openai), or evaluation.win_rates=auto"
    ]


def _comparisons_text(rounds: dict[int, list[JudgedComparison]]) -> str:
    """``free reply vs round 0 (rounds 1 to 4), free reply vs empty thought (rounds 0 and 4)``."""
    numbers: dict[str, list[int]] = {}
    for number, comparisons in rounds.items():
        for each in comparisons:
            numbers.setdefault(versus_text(each.name), []).append(number)
    return ", ".join(f"{name} ({_rounds_text(of_name)})" for name, of_name in numbers.items())


def _controls_text(controls: Mapping[str, Sequence[JudgedComparison]]) -> str:
    """``; 3 comparisons of control answers only, copies``; empty where nothing of a control is compared."""
    counts = [(title, len(comparisons)) for title, comparisons in controls.items() if comparisons]
    return "".join(f"; {of_control(count(number, 'comparison'), title)}" for title, number in counts)


def _rounds_text(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"round {numbers[0]}"
    between = "and" if len(numbers) == 2 else "to"
    return f"rounds {numbers[0]} {between} {numbers[-1]}"


def _money(bound: CostBound, *, times: int) -> str:
    if bound.dollars is None:
        return "price unknown (judge.price_per_million)"
    dollars = times * bound.dollars
    text = f"at most ${dollars:,.2f} in all"
    if bound.prices_as_of is not None:
        text += f" at the prices of {bound.prices_as_of}"
    if bound.budget is None:
        return text
    early = " (which may end it early)" if dollars > bound.budget else ""
    return f"{text}, never more than judge.budget=${bound.budget:,.2f}{early}"
