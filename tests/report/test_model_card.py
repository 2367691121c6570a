import ast
import re

import pytest
import yaml
from markdown_it import MarkdownIt

from thoughtrank.evaluation.metrics import HeldOutReply, read_metrics
from thoughtrank.models.protocol import ModelFacts
from thoughtrank.report.card_provenance import Provenance
from thoughtrank.report.model_card import model_card

BASE = ModelFacts(name="organisation/model", license="apache-2.0", quantization="GGUF Q4_1, dequantised")


def entry(number, *, right, examples=0):
    replies = [
        HeldOutReply("q", "sums", False, arm, "7", "7", index < right, True, 5, "stop")
        for arm in ("thought", "room_to_reason")
        for index in range(4)
    ]
    return {**read_metrics(replies), "round": number, "examples": examples}


ROUNDS = [entry(0, right=1), entry(1, right=3, examples=40), entry(2, right=2, examples=50)]


def card(**values):
    return model_card(
        **{
            "name": "Thinker",
            "base": BASE,
            "rounds": ROUNDS,
            "thought_effect": None,
            "controls": {},
            "provenance": Provenance(chosen_round=2, num_prefixes=62, examples=90),
            "reply_tokens": 104,
            "judge": "gpt-4o",
            "question": "Why?",
            "folder": "path/to/this/folder",
            **values,
        }
    )


def metadata(text):
    before, block, _ = text.split("---\n", 2)
    assert before == ""
    return yaml.safe_load(block)


def usage(text):
    return text.partition("```python\n")[2].partition("```")[0]


def test_the_card_begins_with_metadata_that_name_licence_and_base_model():
    block = metadata(card())
    assert block["license"] == "apache-2.0"
    assert block["base_model"] == "organisation/model"
    assert block["library_name"] == "transformers"
    assert block["pipeline_tag"] == "text-generation"


@pytest.mark.parametrize("name", ["a random Llama", "models/llama #2", "models/mine: the second"])
def test_the_name_of_any_folder_survives_in_the_metadata(name):
    assert metadata(card(base=ModelFacts(name=name, license="mit")))["base_model"] == name


def test_title_judge_and_recipe_are_told():
    text = card()
    assert "\n# Thinker\n" in text
    for fact in ("gpt-4o", "62", "GGUF Q4_1", "apache-2.0"):
        assert fact in text


def test_a_base_model_that_was_not_quantised_is_not_said_to_be():
    assert "GGUF" not in card(base=ModelFacts(name="organisation/model", license="mit"))


def test_the_thought_effect_is_stated_or_said_not_to_be_measured():
    effect = {
        "points": 21.34,
        "low": 15.0,
        "high": 27.0,
        "p_value": 1e-9,
        "n": 400,
        "against": "answers_only/pairs thought",
    }
    assert "**thought effect: +21.3 points [+15.0 to +27.0], p < 0.001, n = 400, against answers only, pairs" in card(
        thought_effect=effect
    )
    assert "thought effect: not measured" in card()


def test_the_arms_are_those_of_the_last_round():
    text = card()
    assert "The model after round 2, with another beginning of its reply forced." in text
    assert "| 4 | 50.0 % [15.0, 85.0] |" in text


def test_the_table_has_a_row_per_round_with_intervals():
    rows = [line for line in card().splitlines() if line.startswith(("| 0 ", "| 1 ", "| 2 "))]
    assert len(rows) == 3
    assert "75.0 % [30.1, 95.4]" in rows[1]  # Wilson, 3 of 4
    assert all(row.count("|") == 7 for row in rows)


def test_the_mean_over_families_is_stated_where_it_is_another_figure():
    assert "Accuracy with equal weight" not in card()
    rounds = [{**each, "family_macro_accuracy": 0.5} for each in ROUNDS]
    assert (
        "Accuracy with equal weight of all families of questions: round 0 50.0 %, round 1 50.0 %, round 2 50.0 %.\n"
        in card(rounds=rounds)
    )


def test_what_was_not_measured_is_a_dash_and_no_zero():
    row = next(line for line in card().splitlines() if line.startswith("| 1 "))
    assert row.split("|")[5].strip() == "–"


def test_round_and_examples_are_those_of_the_released_model():
    text = " ".join(card().split())
    assert "for every question the model wrote one thought and answer for each of 62 prefixes; a judge (gpt-4o)" in text
    assert "after round 2, trained on 90 such examples" in text
    assert "Training data were written by the model itself and chosen by the judge" in text


def test_a_base_model_that_is_released_is_not_said_to_think():
    text = " ".join(card(provenance=Provenance(chosen_round=0, num_prefixes=62, examples=0)).split())
    assert "An unchanged copy of organisation/model" in text
    assert "that of round 0, which was trained on none" in text
    assert "fine-tuned to open its reply" not in text
    assert "The reply is" not in text


@pytest.mark.parametrize(
    ("number", "found", "authors"),
    [
        (1, "*: thoughts and answers that were made elsewhere were imported; a judge", "data were made elsewhere, by"),
        (
            2,
            "*: in round 1 thoughts and answers that were made elsewhere were",
            "data were imported for round 1, after",
        ),
    ],
)
def test_imported_candidates_are_not_said_to_be_the_models_own(number, found, authors):
    provenance = Provenance(chosen_round=number, num_prefixes=62, examples=9, imported=True)
    text = " ".join(card(provenance=provenance).split())
    assert found in text
    assert authors in text
    assert "by the model itself and chosen" not in text
    assert ("the model wrote one thought" in text) == (number == 2)


@pytest.mark.parametrize(
    "question",
    ["Why?", 'He says "seven".', "It's {7}.", "First line.\nSecond line.", r"What is $\frac{1}{2}$ of 14?"],
)
def test_the_code_that_shows_how_to_load_it_is_python_and_asks_the_question(question):
    tree = ast.parse(usage(card(question=question)))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert question in texts
    assert {"path/to/this/folder", 104} <= texts


def test_the_limits_of_the_model_are_told():
    for heading in ("## Use", "## What was measured", "## Intended use and limits", "## Ethics", "## Citation"):
        assert heading in card()


HOSTILE = (
    "\n---\nlicense: evil\n---\n# A heading\n<script>alert(1)</script> <img src=x onerror=y> [link](http://evil) "
    "![image](http://evil) `code` ```\nfence ~~~ $$math$$ @someone www.evil.org https://evil.org | cell | *bold* _em_ &lt; "
    "${folder} {{ jinja }} \x1b[2J\u202e\ud800 \u2028 '\" : #"
)
"""What a model, a hub or a user may have in a name."""


def test_hostile_names_texts_and_metadata_leave_a_valid_header_and_inert_text():
    """In a card whose foreign texts are harmless, the same blocks and the same markup stand in the same order."""
    hostile = ModelFacts(name=HOSTILE, license=HOSTILE, quantization=HOSTILE)
    texts = {"name": HOSTILE, "judge": HOSTILE, "question": HOSTILE}
    text = card(base=hostile, **texts)
    text.encode("utf-8")
    block = metadata(text)
    assert list(block) == ["license", "base_model", "library_name", "pipeline_tag", "tags"]
    assert block["library_name"] == "transformers"
    assert "license: evil" in block["license"]
    assert "\n" not in block["license"] + block["base_model"]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    harmless = card(base=ModelFacts(name="a", license="b", quantization="c"), name="d", judge="e", question="f")
    assert markup(text) == markup(harmless)
    [code] = [token.content for token in blocks(text) if token.type == "fence" and token.info == "python"]
    constants = {node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)}
    assert HOSTILE in constants
    # What is shown is what was written, escapes for control characters aside.
    shown = "".join(child.content for token in blocks(text) for child in token.children or ())
    for part in ("<script>alert(1)</script>", "[link](http://evil)", "$$math$$", "*bold* _em_ &lt;", "${folder}"):
        assert shown.count(part) >= 4, part


def blocks(text):
    parser = MarkdownIt("gfm-like", {"linkify": False, "html": True})
    return parser.parse(text.split("---\n", 2)[2])


def markup(text):
    """Types of all blocks and of what is in them, without plain text."""
    plain = ("text", "text_special", "softbreak")
    return [
        (token.type, token.tag, [child.type for child in token.children or () if child.type not in plain])
        for token in blocks(text)
    ]


def test_win_rates_of_the_last_round_are_stated_where_there_are_any():
    assert "prefers" not in card()
    figures = {"win_rate": 0.6, "low": 0.5, "high": 0.7, "length_controlled": 0.55, "n": 40, "p_value": 0.2}
    rounds = [*ROUNDS[:2], {**ROUNDS[2], "win_rates": {"thought_vs_round_0": figures}}]
    text = card(rounds=rounds, judge="a*judge")
    assert "In round 2, a\\*judge prefers free reply to that of round 0 in 60.0 % [50–70] of 40 questions" in text
    assert "\n\n**thought effect" in text
