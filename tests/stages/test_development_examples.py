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
