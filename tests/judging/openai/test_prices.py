import re

from thoughtrank.judging.openai.judge import OpenAICompatibleJudge
from thoughtrank.judging.openai.prices import _table, known_price


def judge(**settings):
    return OpenAICompatibleJudge(**({"model": "gpt-4o", "base_url": None, "api_key_env": None} | settings))


def test_the_table_is_dated_and_names_its_sources():
    table = _table()
    assert re.fullmatch(r"20\d\d-\d\d", table["as_of"])
    for vendor in table["vendors"]:
        assert vendor["source"].startswith("https://")
        for prompt, completion in vendor["models"].values():
            assert 0 < prompt <= completion


def test_a_dated_snapshot_costs_what_its_model_costs(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert judge().price() == (2.5, 10.0)
    assert judge(model="gpt-4o-2024-08-06").price() == judge().price()
    assert judge(model="gpt-4o-mini").price() != judge().price()
    assert judge(model="gpt-4o-audio").price() is None


def test_nothing_is_guessed_about_another_address(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert judge(base_url="http://127.0.0.1:8000/v1").price() is None
    assert judge(base_url="https://api.openai.com/v1").price() == (2.5, 10.0)
    assert known_price("gpt-4o", base_url="https://api.anthropic.com/v1") is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    assert judge().price() is None


def test_what_the_user_states_comes_first():
    assert judge(price_per_million=[1.0, 2.0]).price() == (1.0, 2.0)
