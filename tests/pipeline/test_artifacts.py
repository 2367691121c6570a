"""What a finished run leaves behind."""

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
import yaml

from thoughtrank.prompting.chat_template import ChatTemplate


def listing(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_listing_of_a_run_is_the_pipeline(finished):
    assert listing(finished.path("base")) >= {"config.yaml", "round_0", "round_1", "round_2", "export", "summary.json"}
    assert listing(finished.path("base", "round_0")) == {"5_evaluation.json", "5_replies"}
    stages = {"1_candidates", "2_rankings", "2_gains", "3_examples", "4_model", "5_evaluation.json", "5_replies"}
    for number in (1, 2):
        assert listing(finished.path("base", f"round_{number}")) == stages


def test_the_report_shows_every_round(finished):
    page = finished.path("base", "report.html").read_text()
    (index,) = re.findall(r'id="thoughtrank-data">(.*?)</script>', page)
    assert [each["round"] for each in json.loads(index)["rounds"]] == [0, 1, 2]
    assert "This run is not finished" not in page


def test_the_texts_of_all_questions_are_a_table(finished):
    asked = {row["question_id"]: row["text"] for row in finished.rows("base", "questions")}
    tables = [("round_0", "5_replies"), ("round_1", "1_candidates"), ("round_2", "1_candidates")]
    assert asked.keys() == {row["question_id"] for table in tables for row in finished.rows("base", *table)}
    assert all(asked.values())


def test_every_question_has_one_candidate_and_one_ranking_row_per_prefix(finished):
    for number in (1, 2):
        candidates = finished.rows("base", f"round_{number}", "1_candidates")
        rankings = finished.rows("base", f"round_{number}", "2_rankings")
        assert len(candidates) == 4 * 10
        assert [row["candidate_id"] for row in candidates] == [row["candidate_id"] for row in rankings]
        assert len({row["candidate_id"] for row in candidates}) == 40
        for row in candidates:
            assert row["thought"].startswith(row["prefix"])
            assert row["thought_tokens"] <= 12
            assert row["answer_tokens"] <= 8
        for row in rankings:
            assert (row["rank"] is None) == (row["reason"] is not None)


def test_rounds_ask_fresh_questions(finished):
    first, second = (
        {row["question_id"] for row in finished.rows("base", f"round_{number}", "1_candidates")} for number in (1, 2)
    )
    held_out = {row["question_id"] for row in finished.rows("base", "round_0", "5_replies")}
    assert not first & second
    assert not (first | second) & held_out


def test_an_example_is_a_candidate_as_the_template_would_write_it(finished):
    candidates = {row["candidate_id"]: row for row in finished.rows("base", "round_1", "1_candidates")}
    examples = finished.rows("base", "round_1", "3_examples")
    chat = ChatTemplate.from_folder(finished.path("base", "export"))
    assert examples
    for example in examples:
        candidate = candidates[example["candidate_id"]]
        assert example["completion"] == chat.completion(thought=candidate["thought"], answer=candidate["answer"])
        assert "<thought>" not in example["prompt"]
        assert example["prompt"].endswith("<|im_start|>assistant\n")


def test_the_summary_has_every_promised_figure(finished):
    summary = json.loads(finished.path("base", "summary.json").read_text())
    names = {"round", "n", "accuracy", "accuracy_low", "accuracy_high", "direct_accuracy", "direct_low", "direct_high"}
    names |= {"unseen_accuracy", "thought_rate", "examples", "seconds", "judge_tokens", "judge_cost"}
    assert [entry["round"] for entry in summary["rounds"]] == [0, 1, 2]
    for entry in summary["rounds"]:
        assert names <= entry.keys()
        assert entry["n"] == 6
        stages = {"generation", "ranking", "gains", "selection", "training", "evaluation"}
        assert entry["seconds"].keys() == {*stages, "screening", "development", "win_rates"}
        assert entry["accuracy_low"] <= entry["accuracy"] <= entry["accuracy_high"]
    assert (Path(summary["export"]) / "config.json").exists()


def test_training_changes_the_model_and_says_how(finished):
    weights = [
        finished.path("base", f"round_{number}", "4_model", "model.safetensors").read_bytes() for number in (1, 2)
    ]
    assert weights[0] != weights[1]
    facts = json.loads(finished.path("base", "round_1", "4_model", "_training.json").read_text())
    assert facts["weights"] == "fp32_master"
    assert facts["saved_dtype"] == "bfloat16"
    assert (facts["world_size"], facts["strategy"]) == (1, "AutoStrategy")
    assert facts["steps"] == -(-facts["examples"] * 3 // 2)


def test_the_config_is_written_as_composed(finished):
    config = yaml.safe_load(finished.path("base", "config.yaml").read_text())
    assert config["generation"]["thought_tokens"] == 12
    assert config["questions"]["seed"] == config["seed"]


def test_folder_readers_skip_side_files(finished):
    folder = finished.path("base", "round_1", "2_rankings")
    assert {"_verdicts.jsonl", "_done.json"} <= listing(folder)
    assert len(parquet.read_table(folder)) == 40


def test_the_csv_logger_has_a_row_per_round(finished):
    rows = finished.path("base", "metrics.csv").read_text().splitlines()
    assert len(rows) == 1 + 3


def test_the_terminal_shows_plan_progress_and_table(finished):
    for text in ("40 candidates per round", "round 1 generation", "training", "model of round 2"):
        assert text in finished.output
    assert re.search(r"^round +accuracy", finished.output, re.MULTILINE)


def headline_of(finished):
    page = finished.path("base", "report.html").read_text()
    return html.unescape(re.search(r'<p class="headline">(.*?)</p>', page)[1])


def test_the_run_ends_with_the_headline_of_the_report_and_a_table_that_fits_a_hundred_columns(finished):
    headline = headline_of(finished)
    closing = finished.output[finished.output.rindex(headline[:40]) :]
    assert " ".join(closing.split()).startswith(headline)
    assert re.search(r"^round +accuracy", closing, re.MULTILINE)
    assert re.search("seconds: +gen +rank +gain +select +train +eval", closing)
    lines = [line for line in closing.splitlines() if str(finished.folder) not in line]
    assert max(map(len, lines)) <= 100
    assert closing.splitlines()[-1] == f"report: {finished.path('base', 'report.html')}"


def test_every_round_prints_its_line_before_the_next_one_begins(finished):
    texts = ("\nround 0: ", "round 1 generation", "\nround 1: ", "round 2 generation", "\nround 2: ")
    positions = [finished.output.index(text) for text in (*texts, headline_of(finished)[:40])]
    assert positions == sorted(positions)


def test_progress_in_a_log_is_at_most_one_line_per_ten_per_cent_and_no_library_prints(finished):
    shown = re.findall(r"^(round \d \w+): +(\d+)% \d+/(\d+) ", finished.output, re.MULTILINE)
    bars = {(stage, total) for stage, _, total in shown}  # an evaluation has two
    assert {"round 1 generation", "round 2 training", "round 0 evaluation"} <= {stage for stage, _ in bars}
    for bar in bars:
        tenths = [int(per_cent) // 10 for stage, per_cent, total in shown if (stage, total) == bar]
        assert tenths == sorted(set(tenths))
        assert tenths[-1] == 10
    for text in ("Warning", "warn(", "Loading weights", "Converting", "it/s"):
        assert text not in finished.output


def test_the_snippet_of_the_model_card_runs_offline(finished):
    export = finished.path("base", "export")
    card = (export / "README.md").read_text()
    [snippet] = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    script = snippet.replace("path/to/this/folder", str(export))
    assert script != snippet
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


@pytest.mark.parametrize("figure", ["accuracy", "direct"])
def test_the_card_states_the_runs_own_numbers(finished, figure):
    summary = json.loads(finished.path("base", "summary.json").read_text())
    name = {"accuracy": "accuracy", "direct": "direct_accuracy"}[figure]
    card = finished.path("base", "export", "README.md").read_text()
    for entry in summary["rounds"]:
        assert f"{100 * entry[name]:.1f} %" in card
