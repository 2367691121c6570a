from dataclasses import replace

import pytest

from thoughtrank.report.study.prefix_tables import prefix_section
from thoughtrank.report.study.prefix_wins import PrefixWins

FIRST = PrefixWins(
    seed="0", prefixes="abcd", rounds={1: {"a": ["q1", "q2"], "b": ["q3"]}, 2: {"a": ["q4"], "c": ["q4"]}}
)
SECOND = PrefixWins(seed="1", prefixes="abcd", rounds={1: {"a": ["q1", "q2"], "c": ["q2"]}, 2: {"b": ["q5", "q6"]}})


def rows_of(text, first):
    [line] = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_how_few_prefixes_suffice_is_measured_on_the_questions_of_other_seeds():
    text = prefix_section("plain", [FIRST, SECOND])
    chosen, random, own = rows_of(text, "1")
    # "a" comes first by the other seed's questions, in both: it solves 3 of 4 and 2 of 4 of them.
    assert chosen == "62.5 % (50.0–75.0)"
    # A draw of one of four: one winner each for q1, q2, q3 and two for q4; one each for q1, q5, q6 and two for q2.
    assert random == f"{100 * (3 * 0.25 + 0.5) / 4:.1f} %"
    assert own == "62.5 % (50.0–75.0)"
    assert rows_of(text, "4") == ["100.0 %"] * 3
    assert "2 of 4 solve 95 %" in text


def test_the_best_prefixes_have_their_questions_by_seed():
    text = prefix_section("plain", [FIRST, SECOND])
    assert rows_of(text, "`a`") == ["5", "3", "2"]
    assert rows_of(text, "`b`") == ["3", "1", "2"]
    assert "between seeds" in text
    assert "a round and the next" in text


@pytest.mark.parametrize(
    "runs",
    [[FIRST], [FIRST, replace(SECOND, prefixes="abc")], [FIRST, replace(SECOND, rounds={1: {}})]],
    ids=["one seed", "other prefixes", "no wins"],
)
def test_there_is_no_section_without_two_seeds_that_can_be_compared(runs):
    assert prefix_section("plain", runs) == ""
