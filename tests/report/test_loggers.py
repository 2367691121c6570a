"""What the loggers of this module leave behind: the CSV files, and nothing; and what several loggers get."""

import csv
import errno

import pytest

from thoughtrank.report.loggers import CsvLogger, Logger, Loggers

ROUND = {"round": 1, "accuracy": 0.5, "thought_rate": None, "seconds_training": 3.0}
PREFIXES = [{"prefix": "a", "win_rate": 0.25}, {"prefix": "b", "win_rate": None}]
CURVE = [{"step": 1, "loss": 2.0, "lr": 0.1}, {"step": 2, "loss": 1.5, "lr": 0.05}]
CONFIG = {"seed": 0, "judge": {"api_key_env": "OPENAI_API_KEY"}}


def tell(logger, folder):
    """One round, as the pipeline tells it."""
    logger.start(run="mine", folder=folder, config=CONFIG, sweep="a-sweep")
    logger.log_round(ROUND)
    logger.log_prefixes(1, PREFIXES)
    logger.log_candidates(1, [])
    logger.log_training(1, CURVE)
    logger.log_findings({})
    logger.log_findings({"thought_effect_points": 7.5, "control_answers_only_pairs_accuracy": None})
    logger.finish()


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_csv_logger_writes_a_row_per_round_prefix_and_step(tmp_path):
    tell(CsvLogger(), tmp_path)
    assert read_csv(tmp_path / "metrics.csv") == [
        {"round": "1", "accuracy": "0.5", "thought_rate": "", "seconds_training": "3.0"}
    ]
    assert [row["prefix"] for row in read_csv(tmp_path / "prefixes.csv")] == ["a", "b"]
    assert [row["loss"] for row in read_csv(tmp_path / "training.csv")] == ["2.0", "1.5"]
    assert read_csv(tmp_path / "findings.csv") == [
        {"thought_effect_points": "7.5", "control_answers_only_pairs_accuracy": ""}
    ]


def test_no_logger_leaves_nothing(tmp_path):
    tell(Loggers(), tmp_path)
    assert list(tmp_path.iterdir()) == []


class Heard(Logger):
    """Appends the name of every call to a shared list, and raises in the call named by ``fails_at``."""

    def __init__(self, name, *, events, fails_at=""):
        self.name, self.events, self.fails_at = name, events, fails_at

    def faults(self):
        return [f"{self.name} has a fault"]

    def hear(self, event):
        self.events.append((self.name, event))
        if event == self.fails_at:
            raise RuntimeError(f"{self.name} cannot {event}")

    def start(self, **options):
        self.hear("start")

    def log_candidates(self, round_number, questions):
        self.hear(f"candidates {len(list(questions))}")

    def finish(self):
        self.hear("finish")


def test_the_faults_of_all_loggers_and_what_is_no_logger_are_reported_together():
    loggers = Loggers(a=Heard("a", events=[]), project="mine", b=Heard("b", events=[]))
    wrong, *others = loggers.faults()
    assert wrong.startswith("logger.project='mine': not a logger; the keys of a logger are below its name")
    assert others == ["a has a fault", "b has a fault"]


def test_several_loggers_write_what_one_writes(tmp_path):
    folders = [tmp_path / name for name in ("alone", "beside")]
    for folder, logger in zip(folders, (CsvLogger(), Loggers(a=CsvLogger(), b=Heard("b", events=[]))), strict=True):
        folder.mkdir()
        tell(logger, folder)
    alone, beside = ({path.name: path.read_text() for path in folder.iterdir()} for folder in folders)
    assert alone == beside
    assert len(alone) == 4


def test_everything_that_a_logger_can_be_told_is_passed_on():
    public = {name for name in dir(Logger) if not name.startswith("_")}
    assert public <= vars(Loggers).keys()
    assert "log_outputs" in public


def test_if_one_cannot_start_those_before_it_are_finished():
    events = []
    loggers = Loggers(a=Heard("a", events=events), b=Heard("b", events=events, fails_at="start"))
    with pytest.raises(RuntimeError, match="b cannot start"):
        loggers.start(run="mine", folder=None, config={}, sweep=None)
    assert events == [("a", "start"), ("b", "start"), ("a", "finish")]
    loggers.finish()
    assert len(events) == 3


def test_a_logger_that_fails_is_a_warning_and_the_others_and_the_run_go_on(tmp_path, capsys):
    events = []
    first = Heard("first", events=events, fails_at="candidates 0")
    last = Heard("last", events=events, fails_at="finish")
    tell(Loggers(first=first, csv=CsvLogger(), last=last), tmp_path)
    heard = [(name, event) for event in ("start", "candidates 0") for name in ("first", "last")]
    assert events == [*heard, ("last", "finish"), ("first", "finish")]
    assert len(read_csv(tmp_path / "training.csv")) == 2
    shown = capsys.readouterr().err
    for name, event in (("first", "candidates 0"), ("last", "finish")):
        warning = f"warning: logger.{name} failed (RuntimeError: {name} cannot {event}) and lacks some figures; the run goes on"
        assert shown.count(warning) == 1
    assert shown.count("Traceback") == 2


def test_the_traceback_of_a_logger_that_fails_again_and_again_is_shown_once(capsys):
    loggers = Loggers(a=Heard("a", events=[], fails_at="candidates 0"))
    for _ in range(3):
        loggers.log_candidates(1, [])
    shown = capsys.readouterr().err
    assert (shown.count("Traceback"), shown.count("warning: ")) == (1, 3)


def test_a_full_disk_stops_the_run_and_the_loggers_are_finished(tmp_path):
    class Full(Logger):
        def log_round(self, metrics):
            raise OSError(errno.ENOSPC, "No space left on device")

    events = []
    loggers = Loggers(full=Full(), b=Heard("b", events=events))
    loggers.start(run="mine", folder=tmp_path, config={}, sweep=None)
    with pytest.raises(OSError, match="No space left"):
        loggers.log_round(ROUND)
    loggers.finish()
    assert events == [("b", "start"), ("b", "finish")]


def test_the_plan_has_what_each_logger_says_and_nothing_of_one_that_says_nothing():
    assert (
        Loggers(a=Heard("a", events=[]), csv=CsvLogger(), project="mine").plan_text() == "CSV tables in the run folder"
    )
    assert Loggers().plan_text() == ""
