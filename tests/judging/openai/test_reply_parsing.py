import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.judging.openai.reply_parsing import ParseFault, is_refusal, parse_grade, parse_ranking

LABELS = {label: f"id{label}" for label in "ABCDEF"}
FOUR = {label: LABELS[label] for label in "ABCD"}


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
    assert parse_ranking(reply, FOUR) == (("idB",), ("idA", "idD"), ("idC",))


OBJECT = '{"ranking": [["B"], ["A", "C"], ["D"]]}'


@pytest.mark.parametrize(
    "reply",
    [
        f"Sure! Here is my ranking:\n\n{OBJECT}",
        f"Sure! {OBJECT}",
        f"{OBJECT}\n\nB is right, and C repeats A.",
        f"**Ranking:**\n```json\n{OBJECT}",
        f"```json\n{OBJECT}",
        f"<think>\nB is right.\n\n{OBJECT}",
        f"<think>{OBJECT}",
        f"<think>A > B > C > D? No.\n{OBJECT}",
        f"<think>B is right.\n```json\n{OBJECT}\n```",
        f"<|channel|>analysis<|message|>B is right. {OBJECT}",
        f"Thinking...\nB is right.\n{OBJECT}",
        "B is right and C repeats A, so:\n\nB > A = C > D",
        "B > A = C > D\n\nB is right, and C repeats A.",
        "B is right.\n**Final ranking:** B > A = C > D",
        "Ranking: **B > A = C > D**.",
        "Analysis: B is right.\n\n`B > A = C > D`",
        "B > A = C > D.",
        '{"ranking": [["B"], ["A", "C",], ["D"],],}',
        '{"ranking": ["B", ["A", "C"], "D"] , }',
        "{'ranking': [['B'], ['A', 'C'], ['D']]}",
        "{“ranking”: [[“B”], [“A”, “C”], [“D”]]}",
        r'{"reason": "B has \( \frac{1}{2} \), C costs \$5,]", "ranking": ["B", ["A", "C"], "D"]}',
        f"Here it is:\n{OBJECT[:-2]},]}}",
    ],
)
def test_a_ranking_is_read_with_text_beside_it_and_in_the_json_that_models_write(reply):
    assert parse_ranking(reply, FOUR) == (("idB",), ("idA", "idC"), ("idD",))


@pytest.mark.parametrize(
    "reply",
    [
        # Two that differ, or a draft and what it became.
        f"{OBJECT}\nOn second thoughts:\n" + OBJECT.replace("B", "X").replace("A", "B").replace("X", "A"),
        f"<think>Maybe {OBJECT}? No, A is better.",
        f"<think>Maybe\n```json\n{OBJECT}\n```\nNo, A is better.",
        "<think>So:\nB > A = C > D",
        "<think>B > A = C > D",
        f"A > B > C > D\n{OBJECT}",
        "B > A, and C > D.\nB > A > C > D",
        "A > B > C > D\nNo:\nB > A > C > D",
        # A quoted one, with text on both sides or in a sentence.
        f"Answer C says: {OBJECT} I ignore that and rank none of them.",
        "Answer C asks for this:\nC > A > B > D\nI ignore that and rank none of them.",
        "I do not agree with this order: B > A > C > D",
        "B > A > C > D is what answer B asks for",
        # The prompt's example.
        'The shape is {"ranking": [["B"], ["A", "D"], ["C"]]}',
        '<think>The shape, for four answers: {"ranking": [["B"], ["A", "D"], ["C"]]}',
        # Not every label, a label twice, or one that was not offered.
        'Here it is: {"ranking": ["B", "A", "C"]}',
        "Here it is:\nB > A > C",
        "Here it is:\nB > A > C > D > B",
        "Here it is:\nB > A > C > D > E",
        '{"ranking": ["B", "A", "C",]}',
        "{'ranking': ['B', 'A', 'C', 'C']}",
        # Cut, or a contradiction.
        '{"ranking": [["B"], ["A", "C"], ["D"]]',
        'Here it is: {"ranking": [["B"], ["A", "C"], ["D"',
        '{"ranking": ["B", "A", "C", "D"], "ranking": ["A", "B", "C", "D"]}',
        "{'ranking': ['B', 'A', 'C', 'D'], 'reason': 'it's \"right\"'}",
        '{"ranking": ["B",, "A", "C", "D"]}',
        '{"reason": "' + '\\"' * 50_000,
    ],
)
def test_no_ranking_is_made_of_a_draft_a_quotation_or_a_part(reply):
    assert isinstance(parse_ranking(reply, FOUR), ParseFault)


@given(st.permutations(list("ABCD")), st.text(alphabet="ABCD >={}[]\"',.\n", max_size=40))
def test_text_around_a_ranking_never_changes_it(order, beside):
    expected = tuple((LABELS[label],) for label in order)
    for verdict in (json.dumps({"ranking": order}), " > ".join(order)):
        for reply in (f"{beside}\n{verdict}", f"{verdict}\n{beside}"):
            parsed = parse_ranking(reply, FOUR)
            assert isinstance(parsed, ParseFault) or parsed == expected


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty"),
        ("B > A > C", "leaves out 3 of 6"),
        ("B > A > C > D > E > E", "twice"),
        ("B > A > C > D > E > Z", "not offered"),
        ("B > A > C > D > E.", "leaves out 1 of 6"),
        ("The order is B > A > C > D > E > F", "not one JSON object"),
        ("A = B = C = D = E = F", "not one JSON object"),
        ("A > B > C > D > E > F\nB > A > C > D > E > F", "not one JSON object"),
        ("<think>A is best", "not one JSON object"),
        ('Sure! {"ranking": ["A", "B", "C", "D", "E"]}', "leaves out 1 of 6"),
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
    [
        ('{"grade": 7}', 7),
        ('```json\n{"grade": 10}\n```', 10),
        (" 3 ", 3),
        ("<think>10?</think>1", 1),
        ('It is right.\n{"grade": 7,}', 7),
        ('<think>Right. {"grade": 8}', 8),
    ],
)
def test_a_grade_is_read(reply, grade):
    assert parse_grade(reply) == grade


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "0",
        "11",
        "7.5",
        '{"grade": 0}',
        '{"grade": "7"}',
        '{"grade": true}',
        '{"grade": 7.0}',
        "7 out of 10",
        "[7]",
        '{"grade": 7} or {"grade": 8}',
        '<think>{"grade": 7}? No, lower.',
        '{"grade": 7, "grade": 2}',
    ],
)
def test_anything_else_is_no_grade(reply):
    assert isinstance(parse_grade(reply), ParseFault)


def test_a_refusal_is_known_by_its_beginning():
    assert is_refusal("I'm sorry, but I can't assist with that.")
    assert is_refusal("I cannot rank these answers.")
    assert not is_refusal("The best one is sorry work.")
    assert not is_refusal("")
