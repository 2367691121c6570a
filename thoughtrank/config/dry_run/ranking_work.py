"""What the judge ranks in a run or a part of it, the most work that this is, and how its price is written."""

from collections.abc import Iterable
from typing import Any

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.candidate_counts import RoundCounts, round_counts
from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.schema import RunConfig
from thoughtrank.controls.choices import chosen_controls
from thoughtrank.controls.protocol import CandidatesControl
from thoughtrank.rankers.protocol import Ranker, Work


def ranked_counts(config: RunConfig, components: Components, scope: CommandScope) -> list[RoundCounts]:
    """Each round that is ranked: those of the run, and again for each control with candidates of its own."""
    rounds = scope.of("ranking")
    ranked = round_counts(config, components, rounds=rounds)
    if scope.stop_after is None:
        times = sum(isinstance(each, CandidatesControl) for each in chosen_controls(config.controls))
        ranked += times * round_counts(config, components, rounds=rounds, of_control=True)
    return ranked


def ranking_work(ranker: Ranker[Any], questions: Iterable[tuple[int, int]]) -> Work:
    """The most work of a round.

    Args:
        ranker: of the run.
        questions: number of different answers, and of the questions that have so many.
    """
    work = [(ranker.max_work(size), number) for size, number in questions]
    return Work(
        calls=sum(number * each.calls for each, number in work),
        answers_shown=sum(number * each.answers_shown for each, number in work),
    )


def dollars_text(whole: float, command: float, *, scope: CommandScope, most: str = "at most") -> str:
    """A price in words.

    Args:
        whole: US dollars of the whole run.
        command: of the command.
        scope: what the command does; where that is the whole run, it has one price.
        most: what kind of number they are: ``at most`` or ``about``.
    """
    if scope.stop_after is None:
        return f"{most} ${whole:,.2f}{' in all' if most == 'at most' else ''}"
    until = f"{most} ${command:,.2f}" if command else "nothing"
    return f"{until} until it stops and {most} ${whole:,.2f} in all"
