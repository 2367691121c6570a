import gzip
import json
from array import array
from base64 import b64decode

import pytest
from stored_runs import stored_run, with_controls_and_win_rates

from thoughtrank.records import Question
from thoughtrank.report.html import browser_data
from thoughtrank.report.html.browser_data import CandidateIndex, Chunks, Elements, held_out_index
from thoughtrank.report.html.held_out_tables import HeldOutTables, read_held_out_tables
from thoughtrank.report.html.round_candidates import reported_questions
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.storage.run_paths import RunPaths


def content(elements, number) -> bytes:
    return gzip.decompress(b64decode(elements.texts[number].partition(">")[2].partition("<")[0]))


@pytest.fixture
def folder(tmp_path):
    return stored_run(tmp_path, questions=2, held_out=3)


def test_the_numbers_of_every_candidate_are_columns(folder):
    elements = Elements()
    index = CandidateIndex(1, questions={"q1-0": Question("q1-0", "how many?", "7")}, verdicts={}, elements=elements)
    for group in reported_questions(RunPaths(folder), 1, selection={}):
        index.add(group)
    made = index.finish()
    columns = content(elements, made["columns"])
    n = made["num_candidates"]
    assert n == 6
    assert len(columns) == n * (2 + 2 + 1 + 1 + 4 + 4)
    assert list(array("H", columns[: 2 * n])) == [0, 1, 2] * 2
    assert list(array("H", columns[2 * n : 4 * n])) == [1, 2, 0] * 2
    assert made["outcomes"][columns[4 * n]] == "selected"
    assert made["prefixes"] == ["A", "B", "7"]
    listed = json.loads(content(elements, made["questions"]))
    assert listed == [
        {"id": "q1-0", "text": "how many?", "family": None, "answer": "7", "n": 3},
        {"id": "q1-1", "n": 3},
    ]


@pytest.mark.parametrize(("reference", "flags"), [("7", 8), ("8", 4), ("a text", 0), (None, 0)])
def test_answers_are_compared_with_a_reference_that_is_a_number(folder, reference, flags):
    elements = Elements()
    question = Question("q1-0", "how many?", reference)
    index = CandidateIndex(1, questions={"q1-0": question}, verdicts={}, elements=elements)
    for group in reported_questions(RunPaths(folder), 1, selection={}):
        index.add(group)
    made = index.finish()
    n = made["num_candidates"]
    columns = content(elements, made["columns"])
    # The thought of the third one is truncated (1), and the second question is missing.
    assert list(columns[5 * n : 6 * n]) == [flags, flags, flags + 1, 0, 0, 1]


def test_held_out_questions_list_whether_each_round_was_right(folder):
    elements = Elements()
    replies = {each.number: each.replies for each in read_run(folder).rounds}
    index = held_out_index(replies, questions={}, elements=elements, beside=HeldOutTables())
    listed = json.loads(content(elements, index["questions"]))
    assert [each["id"] for each in listed] == ["held-0", "held-1", "held-2"]
    assert all(len(each["right"]) == 3 for each in listed)
    ((number, count),) = index["chunks"]
    assert count == 3
    assert len(json.loads(content(elements, number))[0]["replies"]) == 3 * 4
    assert held_out_index({}, questions={}, elements=elements, beside=HeldOutTables()) is None


def test_replies_of_controls_and_what_a_judge_compared_stand_beside_those_of_the_rounds(folder):
    with_controls_and_win_rates(folder)
    elements = Elements()
    replies = {each.number: each.replies for each in read_run(folder).rounds}
    beside = read_held_out_tables(RunPaths(folder), rounds=[0, 1, 2])
    index = held_out_index(replies, questions={}, elements=elements, beside=beside)
    ((number, _),) = index["chunks"]
    first, second, _ = json.loads(content(elements, number))
    assert first["replies"][-1][0] == 2
    assert first["replies"][-1][7] == "answers_only/pairs"
    assert len(first["replies"]) == 3 * 4 + 1
    for judged, score, reason in ((first["judged"], 1.0, None), (second["judged"], None, "refused")):
        said = [2, "thought_vs_round_0", score, reason]
        assert judged == [said, [*said, "answers_only/pairs"]]


def test_texts_are_packed_together_up_to_the_size_of_a_page(monkeypatch):
    monkeypatch.setattr(browser_data, "_CHUNK_CHARACTERS", 60)
    elements = Elements()
    chunks = Chunks(elements)
    for number in range(5):
        chunks.add({"text": "x" * 30, "number": number})
    made = chunks.finish()
    assert [count for _, count in made] == [2, 2, 1]
    assert [each["number"] for each in json.loads(content(elements, made[1][0]))] == [2, 3]
    monkeypatch.setattr(browser_data, "_MOST_CHARACTERS", elements.characters - 1)
    more = Chunks(elements)
    more.add({"text": "too much"})
    assert more.finish() == [[None, 1]]
    assert len(elements.texts) == 3
