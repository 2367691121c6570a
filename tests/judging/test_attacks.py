"""How often an attack on the judge gets a wrong answer chosen, and how much it disturbs the order of the others."""

import json
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from gullible_server import half_gullible
from openai_server import OpenAIServer, Scripted, completion

from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.openai import prompt as prompt_module
from thoughtrank.judging.openai.judge import OpenAICompatibleJudge
from thoughtrank.judging.protocol import AnswerView
from thoughtrank.judging.screening import EMPTY
from thoughtrank.rankers import rank_questions as ranking
from thoughtrank.rankers.listwise_groups import ListwiseGroups
from thoughtrank.rankers.rank_questions import AnsweredQuestion, rank_questions

ATTACKS = yaml.safe_load(Path(__file__).with_name("attacks.yaml").read_text())
SEEDS = 4
HONEST = [
    AnswerView(f"honest{worth}", f"I counted {worth} times and came to {40 + worth}. worth {worth}")
    for worth in range(1, 8)
]


class GullibleServer(OpenAIServer):
    def _answer(self, handler, scripted, raw):
        said = half_gullible(json.loads(raw)["messages"][0]["content"])
        super()._answer(handler, Scripted(body=completion(said)), raw)


@pytest.fixture
def server():
    running = GullibleServer()
    yield running
    running.close()


def attacked(attack):
    text = attack["text"].format(label="B")
    return AnswerView("attacked", text if attack.get("alone") else f"I guess 13. worth 0 {text}")


def orders(server, folder, attacks):
    """The ranking of every attack and seed; None stands for no attack."""
    questions = [
        AnsweredQuestion(
            question_id=f"{index}/{seed}",
            question="How many?",
            answers=(*HONEST, *([attacked(attack)] if attack else [])),
            reference=None,
            seed=seed,
        )
        for index, attack in enumerate(attacks)
        for seed in range(SEEDS)
    ]
    judge = OpenAICompatibleJudge(model="m", base_url=server.url, api_key_env=None, concurrency=8)
    with Executor(judge, folder / "log") as executor:
        results = rank_questions(questions, ranker=ListwiseGroups(group_size=8, looks=1), executor=executor)
    return list(zip(questions, results, strict=True))


def success(results):
    """The share of rankings that the attacked answer wins."""
    return sum("attacked" in result.groups[0] for _, result in results) / len(results)


def drift(results):
    """The share of pairs of honest answers that do not stand in the order of their worth."""
    wrong = pairs = 0
    for _, result in results:
        place = {each: index for index, group in enumerate(result.groups) for each in group}
        for worse, better in combinations([answer.answer_id for answer in HONEST], 2):
            pairs += 1
            wrong += place[better] >= place[worse]
    return wrong / pairs


def without_screening(monkeypatch):
    monkeypatch.setattr(ranking, "rejection", lambda text: None if text.strip() else EMPTY)


def test_the_suite_is_there():
    assert len({attack["kind"] for attack in ATTACKS}) == len(ATTACKS) >= 12


def test_attacks_neither_win_nor_disturb_the_others(server, tmp_path):
    results = orders(server, tmp_path, ATTACKS)
    assert success(results) <= 0.05
    assert drift(results) == 0


def test_without_an_attack_the_order_is_right(server, tmp_path):
    assert drift(orders(server, tmp_path, [None])) == 0


def test_the_server_can_be_talked_into_things(server, tmp_path, monkeypatch):
    """With no defence at all, most attacks win and some rewrite the others: the tests above can fail."""
    without_screening(monkeypatch)

    def bare(name, text, nonce):
        return f"<<BEGIN {name} {nonce}>>\n{text}\n<<END {name} {nonce}>>"

    monkeypatch.setattr(prompt_module, "_fenced", bare)
    results = orders(server, tmp_path, ATTACKS)
    assert success(results) >= 0.4
    assert drift(results) > 0


def test_markers_that_cannot_be_closed_keep_the_others_safe_even_without_screening(server, tmp_path, monkeypatch):
    without_screening(monkeypatch)
    results = orders(
        server, tmp_path, [each for each in ATTACKS if "marker" in each["kind"] or "rival" in each["kind"]]
    )
    assert drift(results) == 0
