"""Prefix sets through the real command line: every prefix of every set has a candidate, in every table."""

from pathlib import Path

import yaml

from thoughtrank.instantiate import make_component

ROOT = Path(__file__).parents[2]
WORDS = make_component(yaml.safe_load((ROOT / "conf/prefixes/words.yaml").read_text()), where="prefixes").prefixes()


def test_sets_of_all_kinds_compose_and_are_counted_through_the_pipeline(workplace):
    output = workplace.run(
        *("run=sets", "rounds=1", "prefixes=[digits,words,sampled,first_tokens]", "generation.answer_tokens=2"),
        *("prefixes.sampled.count=3", "prefixes.first_tokens.count=4", "stop_after=ranking"),
    )
    number = 10 + 16 + 3 + 4
    assert f"4 questions x {number} prefixes = {4 * number} candidates" in output
    candidates = workplace.rows("sets", "round_1", "1_candidates")
    assert len(candidates) == len(workplace.rows("sets", "round_1", "2_rankings")) == 4 * number
    samples = [f"sample_{place}" for place in (1, 2, 3)]
    firsts = [f"first_token_{place}" for place in (1, 2, 3, 4)]
    for place in range(4):
        rows = candidates[place * number : (place + 1) * number]
        assert len({row["question_id"] for row in rows}) == 1
        names = [row["prefix"] for row in rows]
        assert names == [*"0123456789", *(prefix.name for prefix in WORDS), *samples, *firsts]
        assert all(row["thought"].startswith(row["prefix"]) for row in rows[:26])
        assert len({row["thought"] for row in rows[26:29]}) == 3
        assert len({row["thought_ids"][0] for row in rows[29:]}) == 4


def test_a_closed_tag_makes_the_prefix_the_whole_thought(workplace):
    workplace.run("run=closed", "rounds=1", "prefixes.tag=closed", "stop_after=generation")
    rows = workplace.rows("closed", "round_1", "1_candidates")
    assert len(rows) == 4 * 10
    for row in rows:
        assert (row["thought"], row["thought_tokens"], row["thought_finish"]) == (row["prefix"], 0, "stop")
        assert row["answer_tokens"] > 0


def test_a_run_without_a_name_is_called_by_its_sets(workplace):
    output = workplace.run("rounds=1", "prefixes=[digits,words]", "dry_run=true")
    assert "digits_words" in output.splitlines()[0]
