import json

import numpy as np
import pytest


@pytest.fixture
def questions(benchmark_module):
    return benchmark_module("ranking_questions")


def test_simulated_questions_have_the_distinct_answers_and_copies_asked_for(questions):
    for number, question in enumerate(questions.simulated_questions(count=4, distinct=(5, 8), seed=1, slots=20)):
        texts = {answer.answer_id: answer.text for answer in question.asked.answers}
        assert len(texts) == 20
        assert len(set(texts.values())) == len(question.classes) == (5, 8)[number % 2]
        assert all(len({texts[member] for member in members}) == 1 for members in question.classes)
        assert question.quality.mean() == pytest.approx(0, abs=1e-6)
        assert question.quality.std() == pytest.approx(1, abs=1e-6)


def test_the_worst_answer_carries_the_injection(questions):
    for question in questions.simulated_questions(count=3, distinct=(6,), seed=1, injected=True):
        assert question.injected == int(question.quality.argmin())
        with_injection = {each.answer_id for each in question.asked.answers if questions.INJECTION in each.text}
        assert with_injection == set(question.classes[question.injected])


def test_a_seed_gives_the_same_questions(questions):
    [first], [second] = (questions.simulated_questions(count=1, distinct=(6,), seed=4) for _ in range(2))
    assert first.asked == second.asked
    assert np.array_equal(first.quality, second.quality)


def test_a_row_with_too_few_qualities_is_named(questions, tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"question": "1 + 1?", "answers": ["1", "2"], "quality": [0.0]}) + "\n")
    with pytest.raises(SystemExit, match="line 1 has 2 answers and 1 qualities"):
        questions.questions_from_file(path, seed=0)
