"""A resumed run against a server: it goes on in the same W&B run, its rows after those of the first attempt."""

import gzip
import json
import re
from http.server import BaseHTTPRequestHandler

import pytest
import wandb
from wandb_server import served_to_wandb

from thoughtrank.report.wandb_logger import WandbLogger


class Server:
    """As much of W&B's server as one run without artifacts needs.

    Attributes:
        streams: path and number of the first new row of every upload of rows.
        rows: what has been logged.
        names: of the run, in the requests that create or update it.
    """

    def __init__(self):
        self.streams, self.rows, self.names, self.address = [], [], [], ""

    def answer(self, query, variables):
        """The data of the answer to one request of GraphQL."""
        name = re.search(r"(?:query|mutation)\s+(\w+)", query)[1]
        project = {"id": "1", "name": "p", "entity": {"id": "1", "name": "e"}}
        if name == "Viewer":
            account = {"id": "1", "entity": "e", "username": "u", "email": "u@e", "flags": "{}", "teams": {"edges": []}}
            return {"viewer": account}
        if name == "RunResumeStatus":
            return {"model": {**project, "bucket": self.stored(variables["name"]) if self.names else None}}
        if name == "UpsertBucket":
            self.names.append(variables["name"])
            bucket = {"id": "1", "name": variables["name"], "displayName": "mine", "config": "{}", "project": project}
            return {
                "upsertBucket": {"bucket": {**bucket, "historyLineCount": len(self.rows)}, "inserted": not self.rows}
            }
        if name == "CreateRunFiles":
            files = [{"name": each, "uploadUrl": f"{self.address}/files/{each}"} for each in variables["files"]]
            return {"createRunFiles": {"runID": "1", "uploadHeaders": [], "files": files}}
        return {}

    def stored(self, name):
        """What the server has of a run that is resumed."""
        tail = json.dumps([json.dumps(self.rows[-1])])
        counts = {"historyLineCount": len(self.rows), "eventsLineCount": 0, "logLineCount": 0}
        texts = {"summaryMetrics": json.dumps(self.rows[-1]), "historyTail": tail, "eventsTail": "[]", "config": "{}"}
        return {
            "id": "1",
            "name": name,
            "displayName": "mine",
            "tags": [],
            "wandbConfig": '{"t": {}}',
            **counts,
            **texts,
        }

    def receive(self, path, files):
        """Take the rows of one upload."""
        if history := files.get("wandb-history.jsonl"):
            self.streams.append((path, history["offset"]))
            self.rows[history["offset"] :] = map(json.loads, history["content"])


@pytest.fixture
def server(monkeypatch):
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                content = gzip.decompress(content)
            answer = {}
            if self.path == "/graphql":
                request = json.loads(content)
                answer = {"data": server.answer(request["query"], request["variables"] or {})}
            elif self.path.endswith("/file_stream"):
                server.receive(self.path, json.loads(content).get("files", {}))
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_POST

        def log_message(self, *arguments):
            pass

    with served_to_wandb(Handler, monkeypatch) as address:
        server.address = address
        yield server


def attempt(folder, *, rounds):
    """One attempt at a run, as the pipeline makes it: it logs the rounds of earlier ones again."""
    logger = WandbLogger(project="p", candidate_rows=0, artifacts=False)
    logger.start(run="mine", folder=folder, config={"seed": 0}, sweep=None)
    for number in range(rounds):
        logger.log_round({"round": number, "accuracy": number / 4, "judge_cost": 0.0})
    logger.finish()
    wandb.teardown()


def test_a_resumed_run_goes_on_in_the_same_run_of_the_server(tmp_path, server):
    attempt(tmp_path, rounds=2)
    assert [row["round/number"] for row in server.rows] == [0, 1]
    attempt(tmp_path, rounds=3)
    assert set(server.names) - {None} == {"mine"}
    assert {path for path, _ in server.streams} == {"/files/e/p/mine/file_stream"}
    assert [row["round/number"] for row in server.rows] == [0, 1, 0, 1, 2]
    assert [row["_step"] for row in server.rows] == [0, 1, 2, 3, 4]
    assert server.rows[-1]["round/accuracy"] == 0.5
