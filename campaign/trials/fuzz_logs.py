"""Verdict and reservation logs that are cut, changed or appended to at random: they are read, or refused with a message."""

import json
import math
from functools import partial
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from campaign.fuzzing import JSON, try_examples
from campaign.outcome import Kind, Outcome, TrialInput
from thoughtrank.errors import UserError
from thoughtrank.judging.execution.reservation_log import ReservationLog
from thoughtrank.judging.execution.verdict_log import VerdictLog
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Usage, Verdict

EXAMPLES = 1000
_REQUEST = JudgeRequest("q", "Question?", (AnswerView("a", "one"), AnswerView("b", "two")), None, 1)


class _Changes(NamedTuple):
    """What happens to a log.

    Attributes:
        lines: it has at first.
        texts: replies in them.
        cut: fraction of the bytes that stays; None for all.
        flipped: fraction of the file at which a byte changes; None for none.
        appended: bytes at its end.
    """

    lines: int
    texts: str
    cut: float | None
    flipped: float | None
    appended: bytes


def _changes() -> st.SearchStrategy[_Changes]:
    fraction = st.none() | st.floats(0, 1, exclude_max=True)
    line = JSON.map(lambda value: json.dumps(value).encode() + b"\n")
    return st.builds(
        _Changes,
        lines=st.integers(0, 4),
        texts=st.text(max_size=20),
        cut=fraction,
        flipped=fraction,
        appended=st.just(b"") | st.binary(max_size=30) | line,
    )


def _change(path: Path, changes: _Changes) -> int:
    """Apply the changes; returns how many lines are still whole and as they were."""
    original = path.read_bytes() if path.exists() else b""
    content = bytearray(original if changes.cut is None else original[: int(changes.cut * len(original))])
    if changes.flipped is not None and content:
        content[int(changes.flipped * len(content))] ^= 0x15
    content += changes.appended
    path.write_bytes(content)
    lines = zip(original.split(b"\n")[:-1], bytes(content).split(b"\n")[:-1], strict=False)
    return sum(before == after for before, after in lines)


def _verdict(text: str) -> Verdict:
    return Verdict("ok", groups=(("a",), ("b",)), usage=Usage(10, 1, 0.1), reply=text, prompt="p", shown=("a", "b"))


def _check_verdicts(changes: _Changes, *, path: Path) -> None:
    path.unlink(missing_ok=True)
    log = VerdictLog(path)
    for number in range(changes.lines):
        log.append(key=f"key{number}", request=_REQUEST, verdict=_verdict(changes.texts))
    log.close()
    whole = _change(path, changes)
    changed = path.read_bytes()
    try:
        log = VerdictLog(path)
    except UserError:
        assert path.read_bytes() == changed, "a log that was refused was changed"
        return
    kept = sum(f"key{number}" in log for number in range(changes.lines))
    assert kept >= whole, f"{whole} whole verdicts, {kept} read"
    log.append(key="new", request=_REQUEST, verdict=_verdict("new"))
    log.close()
    log = VerdictLog(path)
    assert "new" in log, "an appended verdict is not read"
    assert log.usage.is_possible, "a usage that cannot be"
    log.close()


def _check_reservations(changes: _Changes, *, path: Path) -> None:
    path.unlink(missing_ok=True)
    log = ReservationLog(path)
    for number in range(changes.lines):
        log.begin(f"key{number}", 0.25)
    log.close()
    _change(path, changes)
    try:
        log = ReservationLog(path)
    except UserError:
        return
    before = log.open_amount
    assert before >= 0, f"an open amount of {before}"
    log.begin("new", 0.5)
    log.close()
    again = ReservationLog(path)
    again.close()
    assert math.isclose(again.open_amount, before + 0.5) or changes.appended, "a reservation is not read"


def _run(trial: TrialInput) -> Outcome:
    outcome, choice = Outcome(), trial.random("logs")
    for name, check in (("_verdicts.jsonl", _check_verdicts), ("_reservations.jsonl", _check_reservations)):
        bound = partial(check, path=trial.folder / name)
        try_examples(_changes(), bound, count=EXAMPLES, number=choice.randrange(1 << 30), outcome=outcome)
    return outcome


KIND = Kind("fuzz_logs", "Random changes to the logs of verdicts and reservations", 1, _run, compares=False)
