from thoughtrank.records import Example, Question
from thoughtrank.stages.development_examples import DevelopmentExamples
from thoughtrank.storage.tables import read_table


def test_only_the_reference_answer_is_a_target(store, base):
    questions = [
        Question("q0", "What is 1 + 1?", answer="2"),
        Question("q1", "Why?"),
        Question("q2", "Who?", answer="Ann"),
    ]
    stage = DevelopmentExamples(
        name="development", published=store.paths.folder / "3_development", questions=questions, stem="So:", model=base
    )
    artifact = store.complete(stage)
    rows = read_table(artifact.folder, Example)
    assert [(row.question_id, row.completion) for row in rows] == [("q0", " 2"), ("q2", " Ann")]
    assert "What is 1 + 1?" in rows[0].prompt
    assert all(row.prompt.endswith("<thought></thought>\n\nSo:") for row in rows)
    assert artifact.facts["examples"] == 2


def test_the_target_is_the_answer_that_a_worked_solution_states_and_longer_texts_have_none(store, base):
    questions = [
        Question("q0", "What?", answer="First 6 + 3 = 9, and twice that is \\boxed{18}."),
        Question("q1", "What?", answer="6 + 3 = 9\n#### 9"),
        Question(
            "q2", "Why?", answer="Because the ice on the lake had melted long before anyone in the village woke up."
        ),
    ]
    stage = DevelopmentExamples(
        name="development", published=store.paths.folder / "3_development", questions=questions, stem="So:", model=base
    )
    rows = read_table(store.complete(stage).folder, Example)
    assert [(row.question_id, row.completion) for row in rows] == [("q0", " 18"), ("q1", " 9")]
