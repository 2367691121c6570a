"""A report is built without an account; its metrics are compared with a real offline run, and one is saved to a server on this
machine."""

import json
import re
from http.server import BaseHTTPRequestHandler

import pytest
from offline_wandb import history, summary, wait_for_end
from stored_runs import EFFECT, stored_run
from wandb_server import served_to_wandb

from thoughtrank.errors import UserError
from thoughtrank.report import wandb_report
from thoughtrank.report.html.round_candidates import reported_questions
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.summary import scalars
from thoughtrank.report.wandb_logger import WandbLogger
from thoughtrank.report.wandb_report import build_report, make_report, specification

CONTROL = {
    "arms": {"thought": {"accuracy": 0.3}},
    "accuracy": 0.3,
    "unseen_accuracy": None,
    "examples": 4,
    "steps": 5,
    "seconds": 9.0,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two finished runs that differ in a setting."""
    made = []
    for number, name in enumerate(["a|b", "other"]):
        folder = stored_run(tmp_path_factory.mktemp("runs") / name, seed=number)
        (folder / "config.yaml").write_text(f"seed: {number}\nlogger:\n  project: mine\n")
        findings = {"thought_effect": EFFECT, "controls": {"answers_only": CONTROL}, "comparisons": []}
        (folder / "summary.json").write_text(json.dumps({**findings, "rounds": [{}, {}, {}]}))
        made.append(folder)
    return made


@pytest.fixture(scope="module")
def logged(folders, tmp_path_factory):
    """The keys that an offline run of W&B has after the same figures were logged."""
    patch = pytest.MonkeyPatch()
    patch.setenv("WANDB_MODE", "offline")
    folder, run = tmp_path_factory.mktemp("wandb"), read_run(folders[0])
    logger = WandbLogger(project="mine")
    logger.start(run="a", folder=folder, config={}, sweep=None)
    for each in run.rounds:
        logger.log_round(scalars(each.metrics))
        if each.number:
            logger.log_prefixes(each.number, [{"prefix": "A", "win_rate": 1.0}])
            logger.log_candidates(each.number, reported_questions(run.paths, each.number, selection={}))
            logger.log_training(each.number, each.curve)
    logger.log_findings(wandb_report.finding_scalars(run.findings))
    logger.finish()
    patch.undo()
    wait_for_end(folder)
    keys = {key for row in history(folder) for key in row} | summary(folder).keys()
    return keys | {re.sub(r"/(_type|values|bins|path|sha256|size|ncols|nrows|[a-z_]+)$", "", key) for key in keys}


def panels_of(spec):
    return [
        panel
        for block in spec["blocks"]
        if block["type"] == "panel-grid"
        for panel in block["metadata"]["panelBankSectionConfig"]["panels"]
    ]


def metrics_of(panels):
    """Every metric, axis and table that a panel names."""
    text = json.dumps(panels)
    found = set()
    for panel in panels:
        config = panel["config"]
        found |= {*config.get("metrics", []), config.get("xAxis"), config.get("targetKey")}
    found |= set(re.findall(r'"((?:prefixes|candidates)/round_\d+)"', text))
    return {each.removeprefix("summary_metrics.").removeprefix("summary:") for each in found if each}


def test_every_metric_of_a_panel_is_a_key_that_the_run_logs(folders, logged):
    panels = panels_of(
        specification(build_report([read_run(each) for each in folders], entity="e", project="p"))["spec"]
    )
    named = metrics_of(panels)
    assert {
        "round/accuracy",
        "round/own_thought_accuracy",
        "round/ranks",
        "training/loss",
        "training/step",
        "accuracy",
    } <= named
    assert {"candidates/round_2", "prefixes/round_2", "findings/control_answers_only_accuracy"} <= named
    assert named - logged == set()


def test_a_report_has_its_headline_its_grid_and_for_a_sweep_what_made_the_difference(folders):
    one = specification(build_report([read_run(folders[0])], entity="e", project="p"))
    several = specification(build_report([read_run(each) for each in folders], entity="e", project="p"))
    assert one["spec"]["blocks"][1]["children"] == [{"text": "a|b"}]
    assert one["description"].startswith("2 rounds of training changed accuracy")
    assert "**A** 100.0 %" in json.dumps(one)
    kinds = [{panel["viewType"] for panel in panels_of(each["spec"])} for each in (one, several)]
    assert kinds[1] - kinds[0] == {"Parameter Importance", "Parallel Coordinates Plot", "Run Comparer"}
    assert several["displayName"] == "thoughtrank: 2 runs"


def test_without_an_account_the_specification_is_written(folders, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    made = make_report([read_run(folders[0])], folder=tmp_path, entity=None, project=None)
    assert made.url is None
    assert json.loads(made.specification.read_text())["displayName"] == "thoughtrank: a|b"


def test_a_missing_package_is_one_message(folders, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install '\.\[report\]' in the clone"):
        build_report([read_run(folders[0])], entity="e", project="p")


ANSWERS = {
    "upsertView": {
        "upsertView": {
            "view": {"id": "Vmlldzox", "spec": "{}", "project": {"name": "p", "entityName": "e"}},
            "inserted": True,
        }
    },
    "upsertModel": {"upsertModel": {"project": {"name": "p"}, "model": {"name": "p"}, "inserted": True}},
    "models(": {"models": {"edges": [], "pageInfo": {"endCursor": None, "hasNextPage": False}}},
    "viewer": {
        "viewer": {
            "id": "1",
            "entity": "e",
            "username": "u",
            "email": "u@e",
            "flags": "{}",
            "teams": {"edges": []},
            "apiKeys": {"edges": []},
        }
    },
}


@pytest.fixture
def server(monkeypatch):
    """A server that answers as W&B's would; the list of requests it got."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/graphql":  # what a W&B process of another test still sends
                self.send_error(404)
                return
            request = json.loads(content)
            requests.append(request)
            data = next((answer for name, answer in ANSWERS.items() if name in request["query"]), {})
            body = json.dumps({"data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with served_to_wandb(Handler, monkeypatch):
        yield requests


def test_with_an_account_the_server_gets_the_blocks(folders, tmp_path, server):
    made = make_report([read_run(folders[0])], folder=tmp_path, entity="e", project="p")
    (saved,) = [each["variables"] for each in server if "upsertView" in each["query"]]
    assert (saved["entityName"], saved["projectName"]) == ("e", "p")
    blocks = json.loads(saved["spec"])["blocks"]
    assert [block["children"][0]["text"] for block in blocks if block["type"] == "heading"][:2] == [
        "a|b",
        "Arms and controls by round",
    ]
    assert len(panels_of(json.loads(saved["spec"]))) > 8
    assert "/e/p/reports/" in made.url
