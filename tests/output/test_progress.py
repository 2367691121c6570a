import io
import sys

from thoughtrank.output.progress import progress_bar


def printed_by(monkeypatch, *, terminal, **options):
    """What a bar prints that starts at 2 of 10 and does 3 more."""
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar(description="round 1 ranking", total=10, done=2, unit="call", **options) as bar:
        bar.update(3)
        position = bar.n
    return position, stream.getvalue()


def test_a_bar_starts_at_what_is_done_and_names_stage_and_unit(monkeypatch):
    position, text = printed_by(monkeypatch, terminal=False)
    assert position == 5
    for part in ("round 1 ranking", "5/10", "50%", "call"):
        assert part in text


def test_outside_a_terminal_lines_have_the_given_width_and_are_rare(monkeypatch):
    _, text = printed_by(monkeypatch, terminal=False, columns=60)
    lines = [line for line in text.replace("\r", "\n").splitlines() if line]
    assert max(map(len, lines)) <= 60
    assert len(lines) <= 2


def test_a_bar_that_another_process_shows_prints_nothing(monkeypatch):
    assert printed_by(monkeypatch, terminal=True, shown=False)[1] == ""
