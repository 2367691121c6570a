import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.judging.openai.reply_parsing import ParseFault, is_refusal, parse_grade, parse_ranking

LABELS = {label: f"id{label}" for label in "ABCDEF"}


@pytest.mark.parametrize(
    "reply",
    [
        '{"ranking": [["B"], ["A", "D"], ["C"]]}',
        ' {"ranking": [["B"], [], ["A", "D"], ["C"]]}\n',
        '```json\n{"ranking": [["B"], ["A", "D"], ["C"]]}\n```',
        'My ranking:\n```\n{"ranking": [["B"], ["A", "D"], "C"]}\n```',
        '```json\n{"reason": "it has ```x\n``` in it", "ranking": ["B", ["A", "D"], "C"]}\n```',
        '{"reason": "B is right", "ranking": ["B", ["A", "D"], "C"]}',
        "B > A = D > C",
        "```\nB>A=D>C\n```",
        '<think>A? {"ranking": ["A"]} No.</think>\n{"ranking": [["B"], ["A", "D"], ["C"]]}',
    ],
)
def test_accepted(reply):
    labels = {label: LABELS[label] for label in "ABCD"}
    assert parse_ranking(reply, labels) == (("idB",), ("idA", "idD"), ("idC",))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty"),
        ("B > A > C", "leaves out 3 of 6"),
        ("B > A > C > D > E > E", "twice"),
        ("B > A > C > D > E > Z", "not offered"),
        ("B > A > C > D > E > F.", "not one JSON object"),
        ("The order is B > A > C > D > E > F", "not one JSON object"),
        ("A = B = C = D = E = F", "not one JSON object"),
        ("A > B > C > D > E > F\nB > A > C > D > E > F", "not one JSON object"),
        ("<think>A is best", "not one JSON object"),
        ('Sure! {"ranking": ["A"]}', "not one JSON object"),
        ('{"ranking": ["A"]} {"ranking": ["B"]}', "not one JSON object"),
        ('```\n{"ranking": ["A"]}\n```\n```\n{"ranking": ["B"]}\n```', "not one JSON object"),
        ('["A", "B"]', "not one JSON object"),
        ('{"ranking": "A"}', 'no list named "ranking"'),
        ('{"ranking": []}', "ranking is empty"),
        ('{"ranking": [[]]}', "ranking is empty"),
        ('{"ranking": [[["A"]]]}', "other than labels"),
        ('{"ranking": [1, 2]}', "other than labels"),
        ('{"ranking": ["A", "Z"]}', "'Z', which was not offered"),
        ('{"ranking": ["A", "idB"]}', "not offered"),
        ('{"ranking": ["A", ["B", "A"]]}', "twice"),
        ('{"ranking": ["A", "B", "C", "D"]}', "leaves out 2 of 6"),
        ("[" * 100_000, "not one JSON object"),
    ],
)
def test_refused(reply, reason):
    fault = parse_ranking(reply, LABELS)
    assert isinstance(fault, ParseFault)
    assert reason in fault.reason


def test_a_fifth_may_be_missing_and_is_in_no_group():
    labels = {label: label.lower() for label in "ABCDE"}
    assert parse_ranking('{"ranking": ["E", "A", "B", "C"]}', labels) == (("e",), ("a",), ("b",), ("c",))
    assert isinstance(parse_ranking('{"ranking": ["A", "B", "C"]}', labels), ParseFault)


def check(parsed, labels):
    """Whatever a reply says, a ranking names offered answers only, each once, and at least four fifths of them."""
    if not isinstance(parsed, ParseFault):
        listed = [answer_id for group in parsed for answer_id in group]
        assert len(set(listed)) == len(listed) >= 0.8 * len(labels)
        assert set(listed) <= set(labels.values())
        assert all(parsed)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from("ABCDEFG") | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text() | JSON.map(json.dumps) | st.builds(lambda inner: json.dumps({"ranking": inner}), JSON))
def test_any_reply_gives_a_valid_ranking_or_a_fault(reply):
    check(parse_ranking(reply, LABELS), LABELS)


@given(st.lists(st.lists(st.sampled_from("ABCDEFG"), max_size=3), max_size=8))
def test_any_list_of_groups_gives_a_valid_ranking_or_a_fault(groups):
    check(parse_ranking(json.dumps({"ranking": groups}), LABELS), LABELS)


@given(st.permutations(list(LABELS)), st.sets(st.integers(1, 5)))
def test_every_complete_ranking_is_read_as_written(order, cuts):
    bounds = [0, *sorted(cuts), len(order)]
    groups = [order[start:end] for start, end in pairwise(bounds)]
    expected = tuple(tuple(LABELS[label] for label in group) for group in groups)
    assert parse_ranking(json.dumps({"ranking": groups}), LABELS) == expected


@pytest.mark.parametrize(
    ("reply", "grade"),
    [('{"grade": 7}', 7), ('```json\n{"grade": 10}\n```', 10), (" 3 ", 3), ("<think>10?</think>1", 1)],
)
def test_a_grade_is_read(reply, grade):
    assert parse_grade(reply) == grade


@pytest.mark.parametrize(
    "reply",
    ["", "0", "11", "7.5", '{"grade": 0}', '{"grade": "7"}', '{"grade": true}', '{"grade": 7.0}', "7 out of 10", "[7]"],
)
def test_anything_else_is_no_grade(reply):
    assert isinstance(parse_grade(reply), ParseFault)


def test_a_refusal_is_known_by_its_beginning():
    assert is_refusal("I'm sorry, but I can't assist with that.")
    assert is_refusal("I cannot rank these answers.")
    assert not is_refusal("The best one is sorry work.")
    assert not is_refusal("")
