import io
import sys

from thoughtrank.output import progress
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


def lines_of(capsys):
    """What was written to standard error, which is no terminal here, since the last look at it."""
    text = capsys.readouterr().err
    assert "\r" not in text
    assert text == "" or text.endswith("\n")
    return text.splitlines()


def test_a_log_gets_one_whole_line_per_ten_per_cent(capsys):
    with progress_bar(description="round 1 generation", total=248, done=0, unit="candidate") as bar:
        for number in range(248):
            bar.set_postfix_str(f"tokens={10 * number}", refresh=False)
            bar.update()
    lines = lines_of(capsys)
    assert [line.split()[3] for line in lines] == [f"{tenth}0%" for tenth in range(1, 11)]
    assert lines[-1].startswith("round 1 generation: 100% 248/248 [")
    assert lines[-1].endswith("candidate/s, tokens=2470]")


def test_a_step_over_several_tenths_is_one_line_and_nothing_is_repeated_at_the_end(capsys):
    with progress_bar(description="x", total=4, done=0, unit="step") as bar:
        bar.update(3)
        bar.update(1)
    assert [line.split()[1] for line in lines_of(capsys)] == ["75%", "100%"]


def test_what_was_done_before_has_no_line_and_does_not_count_towards_the_rate(capsys):
    with progress_bar(description="x", total=100, done=95, unit="step") as bar:
        bar.update(0)
        assert lines_of(capsys) == []
        bar.update(5)
    [line] = lines_of(capsys)
    assert "100% 100/100" in line


def test_a_stage_that_fails_shows_how_far_it_got(capsys):
    bar = progress_bar(description="x", total=100, done=0, unit="step")
    bar.update(13)
    bar.update(1)
    bar.__exit__(RuntimeError, RuntimeError(), None)
    assert [line.split()[2] for line in lines_of(capsys)] == ["13/100", "14/100"]


def test_a_total_that_grows_repeats_no_tenth_and_one_that_was_too_small_is_no_error(capsys):
    with progress_bar(description="x", total=10, done=0, unit="call") as bar:
        bar.update(5)
        bar.total = 20
        bar.update(5)
        bar.total = 0
        bar.update(1)
    assert [line.split()[2] for line in lines_of(capsys)] == ["5/10", "11/11"]


def test_without_work_there_is_no_line(capsys):
    with progress_bar(description="x", total=0, done=0, unit="call"):
        pass
    assert lines_of(capsys) == []


def test_a_bar_that_another_process_shows_prints_nothing(monkeypatch):
    assert printed_by(monkeypatch, terminal=True, shown=False)[1] == ""


def test_a_terminal_of_no_size_shows_the_bar(monkeypatch):
    monkeypatch.setattr(progress, "terminal_columns", lambda stream: 0)
    _, text = printed_by(monkeypatch, terminal=True)
    assert "5/10" in text
    assert max(map(len, text.replace("\r", "\n").splitlines())) <= 100
