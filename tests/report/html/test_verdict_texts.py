import json

from thoughtrank.report.html import verdict_texts as module
from thoughtrank.report.html.verdict_texts import MOST_CALLS, verdict_texts


def line(**changes):
    record = {
        "question_id": "q",
        "status": "ok",
        "groups": [["a"], ["b"]],
        "mode": "rank",
        "reason": None,
        "prompt": "x" * 9999,
    }
    return json.dumps({**record, **changes})


def test_calls_are_kept_in_short_without_their_prompts(tmp_path):
    path = tmp_path / "log.jsonl"
    calls = [
        line(reply="word " * 1000, reverse=True),
        line(question_id="r", status="malformed", reason="no list", groups=[]),
        line(question_id="t", model="reference"),
    ]
    path.write_text("\n".join([*calls, "{torn", '{"question_id": "s"}', "[]"]))
    found = verdict_texts(path)
    assert found.keys() == {"q", "r", "t"}
    (first,) = found["q"]
    assert first["audit"] is True
    assert first["groups"] == [["a"], ["b"]]
    assert len(first["reply"]) == 600
    assert "prompt" not in first
    assert "reference" not in first
    assert found["t"][0]["reference"] is True
    assert found["r"] == [{"status": "malformed", "groups": [], "mode": "rank", "reason": "no list"}]


def test_a_question_keeps_its_first_calls_and_a_round_a_bounded_number(tmp_path, monkeypatch):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join([*[line()] * (MOST_CALLS + 5), line(question_id="later")]))
    assert {name: len(calls) for name, calls in verdict_texts(path).items()} == {"q": MOST_CALLS, "later": 1}
    monkeypatch.setattr(module, "_MOST_CALLS_OF_ROUND", 3)
    assert {name: len(calls) for name, calls in verdict_texts(path).items()} == {"q": 3}


def test_a_missing_log_has_no_calls(tmp_path):
    assert verdict_texts(tmp_path / "none") == {}
