"""The scorer of the user's own that docs/config/questions.md shows, as it stands there."""

import re
import sys
from pathlib import Path

import pytest
from composing import composed
from question_files import numbered, write

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.question_plan import question_line
from thoughtrank.config.question_faults import question_faults
from thoughtrank.config.schema import load_config
from thoughtrank.errors import UserError
from thoughtrank.evaluation.scoring import AcceptedScorer, ReferenceScorer
from thoughtrank.instantiate import make_component
from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.judging.reference import ReferenceJudge
from thoughtrank.records import Question

PAGE = Path(__file__).parents[2] / "docs" / "config" / "questions.md"


@pytest.fixture(autouse=True)
def my_scorers(tmp_path, monkeypatch):
    code = re.search(r"```python\n(# my_scorers.py\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    broken = (
        "\n\nclass Broken(Mentions):\n    def score(self, reply, *, question_id, reference):\n"
        "        return {'raises': 1 / (self.words - 1), 'gives': self.words}['gives']\n"
        "\n\nclass NoScorer(Component):\n    pass\n"
    )
    (tmp_path / "my_scorers.py").write_text(code + broken)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("my_scorers", None)


def source_with(tmp_path, *, rows=None, scorer="Mentions", **settings):
    path = write(tmp_path / "rows.jsonl", *(rows or numbered(8)))
    spec = {
        "_target_": "thoughtrank.questions.question_file.QuestionFile",
        "path": str(path),
        "seed": 0,
        "train_per_round": 2,
        "held_out": 1,
        "scorer": {"_target_": f"my_scorers.{scorer}", **settings},
    }
    return make_component(spec, where="questions")


def test_it_decides_what_is_right_for_all_that_compare(tmp_path):
    rows = [{"question": "Why is it blue?", "answers": ["scattered short waves", "Rayleigh scattering"]}]
    source = source_with(tmp_path, rows=rows, words=2)
    [question] = source.evaluation()
    replies = {
        "so": "Waves of blue are scattered.",
        "other": "By rayleigh scattering",
        "half": "Waves",
        "no": "Who knows?",
    }
    scores = {
        name: source.scorer.score(reply, question_id=question.question_id, reference=question.answer)
        for name, reply in replies.items()
    }
    assert scores == {"so": 0.5, "other": 1.0, "half": 0.5, "no": 0.0}
    judge = ReferenceJudge().scored_by(source.scorer)
    answers = tuple(AnswerView(name, reply) for name, reply in replies.items())
    verdict = judge.judge(JudgeRequest(question.question_id, question.text, answers, question.answer, 0))
    assert verdict.groups == (("other",), ("so", "half"), ("no",))


def test_its_settings_are_in_every_fingerprint_that_its_scores_are_in(tmp_path):
    two, three = (source_with(tmp_path, words=words).scorer for words in (2, 3))
    assert two.identity() != three.identity()
    assert two.identity()["scorer"] == {"component": "Mentions", "version": 1, "words": 2}
    judges = [ReferenceJudge().scored_by(scorer).identity() for scorer in (two, three, ReferenceScorer())]
    assert len({str(each) for each in judges}) == 3


def test_its_faults_are_those_of_the_source(tmp_path):
    assert source_with(tmp_path, words=0).faults(rounds=1) == ["questions.scorer: words is 0: give 1 or more"]
    assert source_with(tmp_path).faults(rounds=1) == []
    with pytest.raises(UserError, match=r"questions.scorer: input should be an instance of ConfiguredScorer"):
        source_with(tmp_path, scorer="NoScorer")
    with pytest.raises(UserError, match=r"questions.scorer.wrods: unknown key"):
        source_with(tmp_path, wrods=2)


def test_it_scores_questions_that_are_not_the_sources(tmp_path):
    scorer = source_with(tmp_path, words=1).scorer
    assert scorer.score("blue sky", question_id="imported", reference="blue") == 1.0


def run_with(tmp_path, scorer):
    path = write(tmp_path / "rows.jsonl", *numbered(60))
    own = [
        f"questions.path={path}",
        "questions.held_out=2",
        "questions.train_per_round=2",
        f"questions.scorer={scorer}",
    ]
    config = load_config(composed("model=tiny", "logger=none", "rounds=1", "questions=file", *own))
    return config, make_components(config)


def test_the_plan_names_it(tmp_path):
    assert question_line(*run_with(tmp_path, "{_target_: my_scorers.Mentions, words: 1}")).endswith(
        "; Mentions decides what is right"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [(1, "Broken fails on the reply 'The answer is "), (2, "Broken gives 2 for the reply 'The answer is ")],
)
def test_one_that_cannot_score_is_found_before_the_run(tmp_path, words, said):
    [fault] = question_faults(run_with(tmp_path, f"{{_target_: my_scorers.Broken, words: {words}}}")[1])
    assert fault.startswith(f"questions.scorer: {said}")


def test_a_score_that_is_none_is_named():
    class Grades(ReferenceScorer):
        def score(self, reply, *, question_id, reference):
            return 7

    scorer = AcceptedScorer(scorer=Grades(), questions=lambda: {"q": Question("q", "Q?", answer="a")})
    with pytest.raises(
        UserError, match=r"questions.scorer: Grades gives 7 for the reply .*: a score is a number from 0 to 1"
    ):
        scorer.score("Yes", question_id="q", reference="a")
