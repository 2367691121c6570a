"""What a run folder holds on held-out questions beside the replies of its rounds: those of controls, and judged win rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.win_rates import JudgedPair
from thoughtrank.report.html.round_candidates import readable
from thoughtrank.storage.done_marker import read_done
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import TableRows


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlReplies:
    """The replies of one variant of a control.

    Attributes:
        title: such as ``answers_only/pairs``.
        round_number: of the round that it repeats.
        replies: its table.
    """

    title: str
    round_number: int
    replies: Sequence[HeldOutReply]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredComparison:
    """One comparison of replies by the judge.

    Attributes:
        name: such as ``thought_vs_round_0``.
        round_number: of the round whose reply is the first.
        control: such as ``answers_only/pairs``, if the first reply is that of a control of this round; else None.
        figures: the win rate, as the stage has stored it.
        pairs: one row per question.
    """

    name: str
    round_number: int
    figures: Mapping[str, Any]
    pairs: Sequence[JudgedPair]
    control: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutTables:
    """Both, in the order of rounds and names; empty where the run has none."""

    controls: Sequence[ControlReplies] = ()
    judged: Sequence[StoredComparison] = ()


def read_held_out_tables(paths: RunPaths, *, rounds: Sequence[int]) -> HeldOutTables:
    """Read what is finished of both.

    Args:
        paths: of the run.
        rounds: the numbers of its rounds.
    """
    controls, judged = [], []
    for number in rounds:
        folder = paths.control(number).folder
        for table in sorted(folder.rglob(paths.control(number).replies.name)):
            if read_done(table) is not None:
                title = table.parent.relative_to(folder).as_posix()
                replies = list(readable(TableRows(table, HeldOutReply)))
                controls.append(ControlReplies(title=title, round_number=number, replies=replies))
        of_controls = sorted(folder.rglob(f"{paths.control(number).win_rates('').name}/*"))
        for table in [*sorted(paths.win_rates(number, "").glob("*")), *of_controls]:
            if (marker := read_done(table)) is not None:
                control = None if table not in of_controls else table.parent.parent.relative_to(folder).as_posix()
                judged.append(
                    StoredComparison(
                        name=table.name,
                        round_number=number,
                        figures=marker.facts,
                        pairs=list(readable(TableRows(table, JudgedPair))),
                        control=control,
                    )
                )
    return HeldOutTables(controls=controls, judged=judged)
