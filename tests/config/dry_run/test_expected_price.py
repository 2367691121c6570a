import json
import re

import pytest
import yaml
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run import expected_price as module
from thoughtrank.config.dry_run import judge_plan
from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.dry_run.expected_price import earlier_answers
from thoughtrank.config.schema import load_config
from thoughtrank.records import Candidate
from thoughtrank.storage.tables import write_part

SETTINGS = ("model=tiny", "judge=gpt4", "rounds=2", "controls=[]", "questions.train_per_round=10")


def planned(*overrides):
    config = load_config(composed(*SETTINGS, *overrides))
    return config, make_components(config)


def expected_price(config, components):
    return module.expected_price(config, components, scope=CommandScope.of_run(config))


def ranking_line(config, components):
    return judge_plan.ranking_line(config, components, scope=CommandScope.of_run(config))


def dollars(text):
    return float(re.search(r"about \$([\d,.]+) if", text)[1].replace(",", ""))


@pytest.fixture
def finished_run(tmp_path):
    """Adds a finished run: two questions of ten candidates, of which each answer is there twice, with 40 tokens."""

    def add(name="before", **stored):
        folder = tmp_path / name
        rows = [
            Candidate(f"q{question}", f"{question}-{number}", "a", "a", f"{number // 2}", 5, 40, "stop", "stop")
            for question in range(2)
            for number in range(10)
        ]
        (folder / "round_1" / "1_candidates").mkdir(parents=True)
        write_part(folder / "round_1" / "1_candidates" / "part-00000.parquet", rows, record_type=Candidate)
        values = {**composed(*SETTINGS), **stored}
        (folder / "config.yaml").write_text(yaml.safe_dump(values))
        (folder / "summary.json").write_text(json.dumps({}))
        return folder

    return add


def test_the_price_that_is_expected_stands_beside_the_most_with_what_it_assumes(tmp_path):
    config, components = planned(f"runs_dir={tmp_path}", "generation.answer_tokens=2000")
    line = ranking_line(config, components)
    most = float(re.search(r"at most \$([\d,.]+) in all", line)[1].replace(",", ""))
    assert "answers have 150 tokens, 37 of 62 different, and judge replies of 100 tokens" in line
    assert 0 < dollars(line) < most / 5


def test_answers_are_no_longer_than_their_limit_and_the_price_no_more_than_the_most(tmp_path):
    config, components = planned(f"runs_dir={tmp_path}", "generation.answer_tokens=8")
    line = ranking_line(config, components)
    assert "answers have 8 tokens" in line
    assert dollars(line) <= float(re.search(r"at most \$([\d,.]+) in all", line)[1].replace(",", ""))


def test_a_finished_run_with_the_same_model_tells_lengths_and_duplicates(tmp_path, finished_run):
    finished_run()
    config, components = planned(f"runs_dir={tmp_path}")
    measured = earlier_answers(config)
    assert (measured.tokens, measured.different, measured.run) == (40, 0.5, "before")
    text = expected_price(config, components)
    assert "if answers are like those of the run before: 40 tokens, 31 of 62 different" in text


@pytest.mark.parametrize("change", ["another model", "another limit", "not finished", "damaged"])
def test_other_runs_tell_nothing(tmp_path, finished_run, change):
    folder = finished_run(**({"model": {"_target_": "other"}} if change == "another model" else {}))
    if change == "not finished":
        (folder / "summary.json").unlink()
    if change == "damaged":
        next(folder.rglob("*.parquet")).write_bytes(b"no table")
    limit = ["generation.answer_tokens=77"] if change == "another limit" else []
    assert earlier_answers(planned(f"runs_dir={tmp_path}", *limit)[0]) is None


def test_fewer_rounds_and_a_cheaper_judge_cost_less_and_an_unknown_price_is_not_expected(tmp_path):
    runs = f"runs_dir={tmp_path}"
    base = dollars(expected_price(*planned(runs)))
    assert dollars(expected_price(*planned(runs, "rounds=1"))) == pytest.approx(base / 2, abs=0.01)
    assert dollars(expected_price(*planned(runs, "judge.price_per_million=[0.1,0.1]"))) < base
    assert expected_price(*planned(runs, "judge=openai", "judge.model=house")) is None
    assert expected_price(*planned(runs, "judge=fake")) is None
