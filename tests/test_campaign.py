"""The campaign's own records and tables; its trials are run by ``make campaign``."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from campaign.comparing import differences, lines_of_tracebacks, unfinished_stage
from campaign.kinds import KINDS
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.paying_server import Account
from campaign.records import Record, RecordFile
from campaign.table import BEGIN, END, heading, tables, write_page
from campaign.trials import kills
from campaign.trials.hostile_text import FIELDS, TEXTS

ROOT = Path(__file__).parents[1]


def record(kind="kills", number=0, **outcome) -> Record:
    return Record(kind=kind, number=number, seconds=60.0, outcome=Outcome(**outcome))


def reopened(path) -> RecordFile:
    file = RecordFile(path)
    file.close()
    return file


def test_an_interrupted_campaign_resumes_with_the_trials_that_have_no_record(tmp_path):
    file = RecordFile(tmp_path / "records.jsonl")
    first = record(tried=5, lost=["a table differs"], counts={"training": 5})
    file.add(first)
    file.add(record(number=1, tried=5))
    file.close()
    path = tmp_path / "records.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    file = reopened(path)
    assert file.records == {("kills", 0): first}
    assert ("kills", 0) in file
    assert ("kills", 1) not in file


def test_the_table_adds_the_trials_of_a_kind_and_shows_what_was_lost():
    records = [
        record(tried=5, counts={"training": 3, "ranking": 2}, resent=1),
        record(number=1, tried=4, lost=["the table x differs"], paid_twice=2, counts={"training": 4}),
        record("fuzz_logs", tried=100, tracebacks=["KeyError: 'x'"]),
    ]
    text = tables(records, heading="`make campaign`")
    assert f"| {KINDS['kills'].title} | 9 | 1 | 2 | 1 | 0 |" in text
    assert f"| {KINDS['fuzz_logs'].title} | 100 | 0 | 0 | 0 | 1 |" in text
    assert f"| {KINDS['kills'].title} | ranking 2, training 7 |" in text
    assert "- kills: the table x differs" in text
    assert "- fuzz_logs: traceback KeyError: 'x'" in text
    assert f"Not tried: {KINDS['trainer_killed'].title};" in text


def test_the_heading_names_command_seed_and_code():
    text = heading(command="make campaign", seed=3, code="abcd1234", records=[record(), record(number=1)], workers=2)
    assert text.startswith("`make campaign`, seed 3, code abcd1234, on ")
    assert text.endswith(": 1 minutes.")


def test_the_tables_replace_the_former_ones_in_a_page_and_nothing_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nText.\n")
    write_page(page, "new")
    assert page.read_text() == f"# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nText.\n"
    page.write_text("# Title\n")
    with pytest.raises(ValueError, match="no marks"):
        write_page(page, "new")


def test_the_page_of_the_project_names_every_kind_as_tried_or_not_tried():
    text = (ROOT / "docs" / "reliability.md").read_text()
    assert BEGIN in text
    assert [kind.title for kind in KINDS.values() if kind.title not in text] == []


def test_kills_hit_every_stage_at_least_twice_and_only_depend_on_the_seed(tmp_path):
    kind = kills.KIND
    given = TrialInput(number=0, count=kind.count, seed=0, folder=tmp_path, undisturbed=tmp_path)
    targets = [kills._targets(replace(given, number=number)) for number in range(kind.count)]
    assert targets == [kills._targets(replace(given, number=number)) for number in range(kind.count)]
    hit = Counter(position for each in targets for position in each)
    assert sum(hit.values()) == 50
    assert set(hit) == set(range(len(kills._ORDER)))
    assert min(hit.values()) >= 2


class Server:
    """As much of a judge server as its account needs."""

    def __init__(self):
        self.received = []

    def send(self, *prompts):
        self.received += [json.dumps({"messages": [{"content": prompt}]}).encode() for prompt in prompts]


def test_the_account_tells_calls_paid_twice_from_calls_in_flight_at_a_kill(tmp_path):
    server = Server()
    account = Account(server)
    log = tmp_path / "rankings" / "key" / "_verdicts.jsonl"
    log.parent.mkdir(parents=True)
    server.send("a", "b", "c")
    log.write_text('{"prompt": "a"}\n{"prompt": "b"}\n{"prom')
    account.settle(tmp_path)
    assert (account.paid_twice, account.resent) == (0, 0)
    server.send("c", "a", "d", "d")
    account.settle(tmp_path)
    assert (account.paid_twice, account.resent) == (2, 1)


def test_the_stage_that_a_kill_hit_is_the_one_without_its_marker(tmp_path):
    assert unfinished_stage(tmp_path) is None
    for kind in ("candidates", "rankings"):
        (tmp_path / kind / "key").mkdir(parents=True)
        (tmp_path / kind / "key" / "_lock").touch()
    assert unfinished_stage(tmp_path) == "ranking"
    (tmp_path / "rankings" / "key" / "_done.json").touch()
    assert unfinished_stage(tmp_path) == "generation"


def test_a_comparison_names_what_differs(tmp_path):
    for name in ("ours", "theirs"):
        folder = tmp_path / name / "round_1" / "4_model"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"weights")
        (tmp_path / name / "summary.json").write_text('{"rounds": [{"n": 1, "seconds": 3}], "finished": {}}')
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    (ours / "summary.json").write_text('{"rounds": [{"n": 1, "seconds": 4}], "finished": {}}')
    assert differences(ours, theirs) == []
    (ours / "round_1" / "4_model" / "model.safetensors").write_bytes(b"weight")
    (theirs / "config.yaml").touch()
    assert differences(ours, theirs) == ["round_1/4_model/model.safetensors differs", "config.yaml is missing"]


def test_every_traceback_in_an_output_is_found_by_its_error():
    output = "error: plain\nTraceback (most recent call last):\n  File x\n    call()\nValueError: bad\nmore\n"
    assert lines_of_tracebacks(output) == ["ValueError: bad"]
    assert lines_of_tracebacks("error: plain") == []


def test_hostile_text_stands_in_every_field():
    pairs = [(text, field) for text in TEXTS for field in FIELDS]
    assert len(pairs) == len(TEXTS) * len(FIELDS) >= 80


def test_every_kind_is_named_after_its_module():
    assert [kind.name for kind in KINDS.values()] == list(KINDS)
    assert all(isinstance(kind, Kind) and kind.count > 0 for kind in KINDS.values())
