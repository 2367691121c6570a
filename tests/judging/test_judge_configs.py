from pathlib import Path

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

CONF = Path(__file__).parents[2] / "conf"
JUDGES = sorted((CONF / "judge").glob("*.yaml"))
RANKERS = sorted((CONF / "ranker").glob("*.yaml"))


def built(path):
    config = OmegaConf.load(path)
    config.update(dict.fromkeys(OmegaConf.missing_keys(config), "http://127.0.0.1/v1"))
    return instantiate(config)


def test_the_configs_are_there():
    assert {path.stem for path in JUDGES} >= {"gpt4", "openai", "reference", "fake"}
    assert {path.stem for path in RANKERS} >= {"listwise_groups"}


@pytest.mark.parametrize("path", JUDGES, ids=lambda path: path.stem)
def test_every_judge_can_be_built_and_reports_a_missing_key(path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    judge = built(path)
    needs_key = "api_key_env" in path.read_text()
    assert any("OPENAI_API_KEY" in fault for fault in judge.faults()) == needs_key
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
    assert judge.faults() == []
    assert "sk-not-a-real-key" not in repr(judge.identity())


def test_gpt4_has_a_price_and_a_family():
    judge = built(CONF / "judge" / "gpt4.yaml")
    assert judge.price() == (2.5, 10.0)
    assert judge.family() == "gpt"


@pytest.mark.parametrize("path", RANKERS, ids=lambda path: path.stem)
def test_every_ranker_can_be_built(path):
    assert built(path).identity()
