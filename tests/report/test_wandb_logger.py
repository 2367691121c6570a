"""What the W&B logger leaves behind, and two others beside it: a real offline run is read back."""

import csv
import errno
import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from offline_wandb import history, records, summary, wait_for_end
from stored_runs import stored_run

from thoughtrank.errors import UserError
from thoughtrank.report.html.round_candidates import ReportedQuestions
from thoughtrank.report.loggers import CsvLogger, Loggers, StageOutput
from thoughtrank.report.tensorboard_logger import FOLDER, TensorBoardLogger
from thoughtrank.report.wandb_logger import CANDIDATE_COLUMNS, SUMMARY, WandbLogger
from thoughtrank.storage.run_paths import RunPaths

ROOT = Path(__file__).parents[2]
ROUNDS = [
    {"round": 0, "accuracy": 0.25, "judge_cost": 0.0},
    {"round": 1, "accuracy": 0.5, "thought_rate": None, "seconds_training": 3.0, "judge_cost": 0.5},
    {
        "round": 2,
        "accuracy": 0.75,
        "development_accuracy": 0.625,
        "thought_rate": 1.0,
        "seconds_training": 4.0,
        "judge_cost": 0.25,
    },
]
PREFIXES = [{"prefix": "a", "win_rate": 0.25}, {"prefix": "b", "win_rate": None}]
CURVE = [{"step": 1, "loss": 2.0, "lr": 0.1}, {"step": 2, "loss": 1.5, "lr": 0.05}]
CONFIG = {"seed": 0, "judge": {"api_key_env": "OPENAI_API_KEY"}}
FINDINGS = {"thought_effect_points": 7.5, "thought_effect_low": 1.0, "control_answers_only_pairs_accuracy": None}


def outputs_of(tables, number):
    """What the stages of a round have made, with a weights file beside the model's other files."""
    (tables.model(number) / "model.safetensors").write_bytes(b"weights" * number)
    folders = {
        "candidates": tables.candidates(number),
        "rankings": tables.rankings(number),
        "examples": tables.examples(number),
        "model": tables.model(number),
    }
    before = {"rankings": "candidates", "examples": "rankings", "model": "examples"}
    return [
        StageOutput(
            name=name, round_number=number, folder=folder, made_from=[(before[name], number)] if name in before else []
        )
        for name, folder in folders.items()
    ]


def tell(logger, folder, *, tables):
    """Three rounds, as the pipeline tells them."""
    logger.start(run="mine", folder=folder, config=CONFIG, sweep="a-sweep")
    for metrics in ROUNDS:
        logger.log_round(metrics)
        if metrics["round"]:
            logger.log_prefixes(metrics["round"], PREFIXES)
            logger.log_candidates(metrics["round"], ReportedQuestions(tables, metrics["round"], {}))
            logger.log_training(metrics["round"], CURVE)
            logger.log_outputs(outputs_of(tables, metrics["round"]))
    logger.log_findings({})
    logger.log_findings(FINDINGS)
    logger.finish()


@pytest.fixture(scope="module")
def offline_run(tmp_path_factory):
    """The folder of a run without an account, with CSV files and TensorBoard beside W&B."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("wandb")
    patch.setenv("OPENAI_API_KEY", "sk-canary-that-must-not-be-found")
    patch.setenv("WANDB_MODE", "offline")
    tables = RunPaths(stored_run(tmp_path_factory.mktemp("run")))
    several = Loggers(
        wandb=WandbLogger(project="mine", candidate_rows=5), csv=CsvLogger(), tensorboard=TensorBoardLogger()
    )
    tell(several, folder, tables=tables)
    patch.undo()
    wait_for_end(folder)
    return folder


def table(folder, name):
    (path,) = folder.glob(f"wandb/offline-run-*/files/media/table/{name}_*.table.json")
    return json.loads(path.read_text())


def test_wandb_gets_the_figures_of_every_round(offline_run):
    figures = [row for row in history(offline_run) if "round/accuracy" in row]
    assert [(row["round/number"], row["round/accuracy"]) for row in figures] == [(0, 0.25), (1, 0.5), (2, 0.75)]
    assert "round/thought_rate" not in figures[1]
    found = [row for row in history(offline_run) if any(key.startswith("findings/") for key in row)]
    assert [{key: row[key] for key in row if key.startswith("findings/")} for row in found] == [
        {"findings/thought_effect_points": 7.5, "findings/thought_effect_low": 1.0}
    ]


def test_loggers_beside_it_get_the_same_figures(offline_run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with (offline_run / "metrics.csv").open(newline="") as file:
        assert [row["accuracy"] for row in csv.DictReader(file)] == ["0.25", "0.5", "0.75"]
    events = EventAccumulator(str(offline_run / FOLDER), size_guidance={"histograms": 0})
    events.Reload()
    assert [(each.step, each.value) for each in events.Scalars("round/accuracy")] == [(0, 0.25), (1, 0.5), (2, 0.75)]
    assert [each.histogram_value.num for each in events.Histograms("round/thought_lengths")] == [12, 12]
    assert len(events.Scalars("training/loss")) == 4


def test_the_trainings_of_all_rounds_are_one_curve(offline_run):
    curve = [row for row in history(offline_run) if "training/step" in row]
    values = [(row["training/step"], row["training/round"], row["training/loss"]) for row in curve]
    assert values == [(1, 1, 2.0), (2, 1, 1.5), (3, 2, 2.0), (4, 2, 1.5)]


def test_ranks_gains_and_lengths_are_histograms_over_the_round(offline_run):
    rows = [row for row in history(offline_run) if "round/ranks/values" in row]
    assert [row["round/number"] for row in rows] == [1, 2]
    for name, total in (("ranks", 8), ("gains", 4), ("thought_lengths", 12)):
        assert rows[0][f"round/{name}/_type"] == "histogram"
        assert sum(rows[0][f"round/{name}/values"]) == total
        assert all(one < other for one, other in pairwise(rows[0][f"round/{name}/bins"]))


def test_prefixes_and_candidates_are_tables(offline_run):
    assert table(offline_run, "prefixes/round_1")["data"] == [["a", 0.25], ["b", None]]
    candidates = table(offline_run, "candidates/round_2")
    assert candidates["columns"] == list(CANDIDATE_COLUMNS)
    assert len(candidates["data"]) == 5
    assert candidates["data"][0] == ["q2-0", "A", 1, 1.5, "selected", "A thought so 3 + 4 = 7", "answer so 3 + 4 = 7"]


def test_the_summary_sorts_a_sweep(offline_run):
    found = {name: value for name, value in summary(offline_run).items() if name in SUMMARY}
    assert found == {
        "accuracy": 0.75,
        "development_accuracy": 0.625,
        "accuracy_change": 0.5,
        "judge_cost": 0.75,
        "thought_effect": 7.5,
        "thought_effect_low": 1.0,
    }


def test_a_job_of_a_sweep_agent_has_the_id_that_the_agent_gives(tmp_path, monkeypatch):
    import wandb

    given = []

    class Stop(Exception):
        pass

    def init(**settings):
        given.append(settings)
        raise Stop

    monkeypatch.setattr(wandb, "init", init)
    for variable in ("", "a1b2c3"):
        monkeypatch.setenv("WANDB_SWEEP_ID", variable)
        monkeypatch.setenv("WANDB_MODE", "online")
        with pytest.raises(Stop):
            WandbLogger(project="mine").start(run="mine", folder=tmp_path, config={}, sweep=None)
    assert [(each["id"], each["resume"]) for each in given] == [("mine", "allow"), (None, None)]


def test_the_documented_sweep_gives_a_command_line_that_hydra_reads(tmp_path):
    from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

    page = (ROOT / "docs" / "config" / "logger.md").read_text()
    sweep = yaml.safe_load(re.findall(r"```yaml\n# sweep.yaml\n(.*?)```", page, re.DOTALL)[0])
    assert sweep["metric"]["name"] in SUMMARY
    assert sweep["command"][1:] == ["python", sweep["program"], "${args_no_hyphens}"]
    chosen = {name: {"value": each["values"][-1]} for name, each in sweep["parameters"].items()}
    arguments = create_sweep_command_args({"args": chosen})["args_no_hyphens"]
    command = [sys.executable, str(ROOT / sweep["program"]), *arguments, "dry_run=true", "model=tiny", "logger=none"]
    environment = {**os.environ, "WANDB_SWEEP_ID": "a1b2c3"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert set(arguments) == {"export.which=best", "selection.k=2", "seed=1"}


def artifacts_of(offline_run):
    """Those of the stages: W&B logs every table as an artifact too."""
    logged = [record.artifact for record in records(offline_run) if record.WhichOneof("record_type") == "artifact"]
    return [each for each in logged if each.type in ("dataset", "model")]


def test_tables_and_models_are_artifacts_with_the_names_of_what_they_were_made_from(offline_run):
    logged = artifacts_of(offline_run)
    names = ["candidates-mine", "rankings-mine", "examples-mine", "model-mine"]
    assert [each.name for each in logged] == 2 * names
    assert [each.type for each in logged] == 2 * ["dataset", "dataset", "dataset", "model"]
    assert [set(each.aliases) for each in logged] == 4 * [{"latest", "round-1"}] + 4 * [{"latest", "round-2"}]
    metadata = [json.loads(each.metadata) for each in logged]
    assert [each["made_from"] for each in metadata[4:]] == [
        [],
        ["candidates-mine:round-2"],
        ["rankings-mine:round-2"],
        ["examples-mine:round-2"],
    ]
    assert {each["fingerprint"] for each in metadata} == {"made up"}


def test_what_later_stages_read_is_an_input_of_the_run_and_the_models_are_outputs(offline_run):
    logged = artifacts_of(offline_run)
    assert [each.use_after_commit for each in logged] == 2 * [True, True, True, False]
    assert not any(each.user_created for each in logged)


def test_the_files_of_an_artifact_are_those_of_the_run_folder_and_weights_are_not_copied(offline_run):
    rankings, model = artifacts_of(offline_run)[1], artifacts_of(offline_run)[7]
    files = {each.path: each for each in rankings.manifest.contents}
    assert files.keys() == {"part-00000.parquet", "_verdicts.jsonl", "_done.json"}
    assert all(Path(each.local_path).parent.name == "2_rankings" for each in files.values())
    weights = {each.path: each for each in model.manifest.contents}["model.safetensors"]
    assert weights.ref.startswith("file:///")
    assert weights.ref.endswith("/round_2/4_model/model.safetensors")
    assert (weights.size, weights.local_path) == (14, "")


def test_weights_are_uploaded_only_as_files_of_artifacts():
    assert WandbLogger(project="mine", upload_weights=True).faults() == []
    (fault,) = WandbLogger(project="mine", artifacts=False, upload_weights=True).faults()
    assert fault.startswith("logger.wandb.upload_weights=true needs logger.wandb.artifacts=true")


def test_the_table_of_candidates_may_be_left_out_but_not_be_negative():
    assert WandbLogger(project="mine", candidate_rows=0).faults() == []
    assert WandbLogger(project="mine", candidate_rows=-1).faults() == [
        "logger.wandb.candidate_rows=-1: choose 0 or more"
    ]


def test_wandb_knows_the_run_by_its_name_and_its_sweep_as_a_group(offline_run):
    (run,) = [record.run for record in records(offline_run) if record.WhichOneof("record_type") == "run"]
    assert (run.display_name, run.run_group, run.project) == ("mine", "a-sweep", "mine")
    # Every attempt has this id, so that a resumed one continues the same W&B run.
    assert run.run_id == "mine"
    assert run.job_type == "train"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("AuthenticationError", "the account cannot be used (no good): log in with 'wandb login'"),
        ("CommError", "cannot reach its server (no good): set WANDB_MODE=offline"),
        ("UsageError", "cannot start (no good)"),
        ("Error", "cannot start (no good)"),
    ],
)
def test_what_wandb_refuses_at_the_start_is_one_line(tmp_path, monkeypatch, error, shown):
    import wandb

    def init(**settings):
        raise getattr(wandb.errors, error)("no\n good.")

    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setenv("WANDB_MODE", "online")
    with pytest.raises(UserError) as caught:
        WandbLogger(project="mine").start(run="mine", folder=tmp_path, config={}, sweep=None)
    [fault] = caught.value.faults
    assert shown in fault
    assert "\n" not in fault


def test_a_full_disk_stays_one(tmp_path, monkeypatch):
    import wandb

    def init(**settings):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setenv("WANDB_MODE", "offline")
    with pytest.raises(OSError, match="No space left"):
        WandbLogger(project="mine").start(run="mine", folder=tmp_path, config={}, sweep=None)


def test_the_environment_and_the_project_are_checked_before_the_run(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "off")
    project, mode = WandbLogger(project="a/b").faults()
    assert project.startswith("logger.wandb.project=a/b: ")
    assert mode.startswith("WANDB_MODE=off: ")


def test_no_secret_reaches_wandb(offline_run):
    files = [path for path in offline_run.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"sk-canary" in path.read_bytes()]
