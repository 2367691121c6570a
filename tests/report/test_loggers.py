"""What loggers leave behind: a real offline W&B run is read back, and the CSV files."""

import csv
import json
import struct
import time

import pytest

from thoughtrank.report.loggers import CsvLogger, NoLogger, WandbLogger, run_id

ROUND = {"round": 1, "accuracy": 0.5, "thought_rate": None, "seconds_training": 3.0}
PREFIXES = [{"prefix": "a", "win_rate": 0.25}, {"prefix": "b", "win_rate": None}]
CURVE = [{"step": 1, "loss": 2.0, "lr": 0.1}, {"step": 2, "loss": 1.5, "lr": 0.05}]
CONFIG = {"seed": 0, "judge": {"api_key_env": "OPENAI_API_KEY"}}


def tell(logger, folder):
    """One round, as the pipeline tells it."""
    logger.start(run="mine", folder=folder, config=CONFIG, sweep="a-sweep")
    logger.log_round(ROUND)
    logger.log_prefixes(1, PREFIXES)
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


@pytest.fixture(scope="module")
def offline_run(tmp_path_factory):
    """Everything in the file of a run without an account: kind of record to the records."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("wandb")
    patch.setenv("OPENAI_API_KEY", "sk-canary-that-must-not-be-found")
    patch.setenv("WANDB_MODE", "offline")
    tell(WandbLogger(project="mine"), folder)
    patch.undo()
    # W&B's own service writes the file, and may still be at it when the run is finished.
    until = time.monotonic() + 30
    while time.monotonic() < until and not any(
        record.WhichOneof("record_type") == "exit" for record in records(folder)
    ):
        time.sleep(0.1)
    return folder


BLOCK, IDENT, HEADER = 32768, 7, 7


def chunks(content):
    """The records of a file in LevelDB's log format, which W&B writes: pieces in blocks, each behind a header of 7 bytes."""
    place, whole = IDENT, b""
    while place + HEADER <= len(content):
        if BLOCK - place % BLOCK < HEADER:
            place += BLOCK - place % BLOCK
            continue
        length, kind = struct.unpack("<HB", content[place + 4 : place + HEADER])
        whole += content[place + HEADER : place + HEADER + length]
        place += HEADER + length
        if kind in (1, 4):  # a whole record, or the last piece of one
            yield whole
            whole = b""


def records(folder):
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    for chunk in chunks(path.read_bytes()):
        record = Record()
        record.ParseFromString(chunk)
        yield record


def history(folder):
    """Every logged row."""
    for record in records(folder):
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            yield {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def test_wandb_gets_the_rounds_figures_the_curve_and_the_prefixes(offline_run):
    rows = list(history(offline_run))
    (figures,) = [row for row in rows if "round/number" in row]
    assert (figures["round/number"], figures["round/accuracy"], figures["round/seconds_training"]) == (1, 0.5, 3.0)
    assert "round/thought_rate" not in figures
    curve = [row for row in rows if "training/step" in row]
    assert [(row["training/step"], row["training/round_1/loss"]) for row in curve] == [(1, 2.0), (2, 1.5)]
    assert any("prefixes/round_1" in key for row in rows for key in row)
    found = [row for row in rows if any(key.startswith("findings/") for key in row)]
    assert [{key: row[key] for key in row if key.startswith("findings/")} for row in found] == [
        {"findings/thought_effect_points": 7.5}
    ]


def test_wandb_knows_the_run_by_its_name_and_its_sweep_as_a_group(offline_run):
    (run,) = [record.run for record in records(offline_run) if record.WhichOneof("record_type") == "run"]
    assert (run.display_name, run.run_group, run.project) == ("mine", "a-sweep", "mine")


def test_runs_of_the_same_name_in_two_folders_have_two_ids_and_a_name_without_a_folder_is_its_own():
    names = ["a/x", "b/x", "x", "a-x", "a:x", "c" * 100, "c" * 101, "c" * 102, "a/" + "c" * 100]
    ids = [run_id(name) for name in names]
    assert len(set(ids)) == len(names)
    assert (run_id("x"), run_id("a-x"), run_id("c" * 100)) == ("x", "a-x", "c" * 100)
    assert all(len(each) <= 100 and not set(each) & set("/\\#?%:") for each in ids)


def test_no_secret_reaches_wandb(offline_run):
    files = [path for path in offline_run.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"sk-canary" in path.read_bytes()]
