import json

from thoughtrank.data.import_candidates import import_files
from thoughtrank.questions.imported_questions import ImportedQuestions, with_imported
from thoughtrank.questions.question_file import QuestionFile
from thoughtrank.storage.imported_candidates import ImportedCandidates


def made(tmp_path, *, held_out=3, development=0, train_per_round=4, imported=range(2, 8)):
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps({"question": f"Question {number}?"}) + "\n" for number in range(20)))
    rows = tmp_path / "candidates.jsonl"
    texts = [f"Question {number}?" for number in imported] + ["Of no source?"]
    rows.write_text("".join(json.dumps({"question": text, "thought": "t", "answer": "a"}) + "\n" for text in texts))
    import_files(files=[rows], folder=tmp_path / "import")
    counts = {"train_per_round": train_per_round, "held_out": held_out, "development": development}
    source = QuestionFile(path=str(file), seed=0, **counts)
    return source, ImportedQuestions(source=source, imported=ImportedCandidates(tmp_path / "import")), texts


def test_round_one_is_the_import_and_nothing_is_asked_twice(tmp_path):
    source, questions, imported = made(tmp_path)
    held_out = {question.text for question in source.evaluation()}
    first = [question.text for question in questions.train(1)]
    assert first == [text for text in imported if text not in held_out]
    assert questions.evaluation() == source.evaluation()
    later = [question.text for number in (2, 3, 4) for question in questions.train(number)]
    assert later == [
        question.text for number in (2, 3, 4) for question in source.train(number) if question.text not in imported
    ]
    assert not set(later) & {*first, *held_out}


def test_imported_questions_that_are_held_out_are_named(tmp_path):
    _, questions, _ = made(tmp_path, held_out=10, imported=range(20))
    assert len(questions.skipped_rows) == 10
    assert all("it is held out" in row for row in questions.skipped_rows)


def test_imported_development_questions_are_not_trained_on(tmp_path):
    source, questions, imported = made(tmp_path, held_out=4, development=6, imported=range(20))
    development = {question.text for question in source.development()}
    assert questions.development() == source.development()
    assert len(development) == 6
    assert not development & {question.text for question in questions.train(1)}
    assert len(questions.train(1)) == len(imported) - 10


def test_one_round_needs_no_training_question_of_the_source(tmp_path):
    _, questions, _ = made(tmp_path, train_per_round=100)
    assert questions.faults(rounds=1) == []
    [fault] = questions.faults(rounds=2)
    assert "203 are asked for" in fault


def test_what_else_the_source_offers_is_passed_on(tmp_path):
    source, _, _ = made(tmp_path)
    source.held_out_unseen = 7
    source.num_development = 2
    source.answer_stem = "It is"
    wrapped = with_imported(source, ImportedCandidates(tmp_path / "import"))
    assert isinstance(wrapped, ImportedQuestions)
    assert (wrapped.train_per_round, wrapped.held_out, wrapped.held_out_unseen) == (4, 3, 7)
    assert (wrapped.num_development, wrapped.answer_stem) == (2, "It is")
    assert wrapped.scorer is source.scorer
    assert with_imported(source, None) is source


def test_a_missing_import_is_a_fault_beside_those_of_the_source(tmp_path):
    source, _, _ = made(tmp_path, train_per_round=100)
    faults = ImportedQuestions(source=source, imported=ImportedCandidates(tmp_path / "none")).faults(rounds=2)
    assert len(faults) == 2
    assert str(tmp_path / "none") in faults[0]
