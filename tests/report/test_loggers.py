"""What the loggers of this module leave behind: the CSV files, and nothing."""

import csv

from thoughtrank.report.loggers import CsvLogger, NoLogger

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
    tell(NoLogger(), tmp_path)
    assert list(tmp_path.iterdir()) == []
