"""The judge in the plan of a run: its calls and what they cost at most, for the rankings and for win rates."""

from collections.abc import Mapping, Sequence

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.candidate_counts import RoundCounts, per_round_text, round_counts
from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.dry_run.expected_price import expected_price
from thoughtrank.config.dry_run.number_text import count
from thoughtrank.config.dry_run.ranking_work import dollars_text, ranked_counts, ranking_work
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


def ranking_line(config: RunConfig, components: Components, *, scope: CommandScope) -> str:
    """The most calls and tokens of a round, and the most money of all rounds, those of controls included.

    Args:
        config: of the run.
        components: made from it.
        scope: what the command does.
    """
    judge = components.judge

    def bound(counts: RoundCounts) -> CostBound | None:
        work = ranking_work(components.ranker, counts.sizes.items())
        return judge.cost_bound(
            calls=work.calls, answers_shown=work.answers_shown, answer_tokens=config.generation.answer_tokens
        )

    def calls_text(counts: RoundCounts, rounds: str) -> str:
        most = bound(counts)
        tokens = most.prompt_tokens + most.reply_tokens if most else 0
        return f"{count(most.calls if most else 0, 'judge call')} and {count(tokens, 'token')} {rounds}"

    whole, command = (
        [each for each in map(bound, ranked_counts(config, components, part)) if each]
        for part in (CommandScope.of_run(config), scope)
    )
    if not whole:
        return f"{judge.name}: offline, no calls, no money"
    each_round = round_counts(config, components, rounds=range(1, config.rounds + 1))
    expected = expected_price(config, components, scope=scope)
    return (
        f"{judge.name}: at most {per_round_text(each_round, calls_text)}, {_money(whole, command, scope=scope)} (an "
        f"unparseable reply is requested once more){f'; {expected}' if expected else ''}"
    )


def win_rate_lines(config: RunConfig, components: Components, *, scope: CommandScope) -> list[str]:
    """What the judge compares, and what that costs at most; none where it compares nothing.

    Args:
        config: of the run.
        components: made from it.
        scope: what the command does.
    """
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
    whole, command = (
        judge.cost_bound(calls=calls, answers_shown=2 * calls, answer_tokens=config.reply_tokens)
        for calls in (
            _ORDERS * len(compared) * sum(map(len, comparisons))
            for comparisons in (
                [*rounds.values(), *controls.values()],
                [rounds[number] for number in scope.of("evaluation")],
            )
        )
    )
    cost = "offline, no calls, no money"
    if whole is not None and command is not None:
        cost = f"at most {count(whole.calls, 'judge call')}, {_money([whole], [command], scope=scope)}"
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


def _money(whole: Sequence[CostBound], command: Sequence[CostBound], *, scope: CommandScope) -> str:
    """The most dollars.

    Args:
        whole: the parts of the whole run, at least one.
        command: those of the command.
        scope: what the command does.
    """
    first = whole[0]
    if first.dollars is None:
        return "price unknown (judge.price_per_million)"
    dollars, until_stop = (sum(each.dollars or 0.0 for each in bounds) for bounds in (whole, command))
    text = dollars_text(dollars, until_stop, scope=scope)
    if first.prices_as_of is not None:
        text += f" at the prices of {first.prices_as_of}"
    if first.budget is None:
        return text
    early = " (which may end it early)" if dollars > first.budget else ""
    return f"{text}, never more than judge.budget=${first.budget:,.2f}{early}"
