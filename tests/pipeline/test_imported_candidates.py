"""A run that starts with ranking candidates made elsewhere."""

import json

from thoughtrank.data.__main__ import main
from thoughtrank.data.export_examples import export_data


def import_rows(workplace, rows) -> None:
    file = workplace.folder / "candidates.jsonl"
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    main(["import", str(file), "--to", str(workplace.folder / "import")])


def test_ranking_starts_there_and_another_import_is_not_taken_for_the_same(workplace, capsys):
    rows = [
        {
            "question": f"What is {number} + 1?",
            "reference": number + 1,
            "thought": thought,
            "answer": f"It is {answer}.",
        }
        for number in range(5)
        for thought, answer in (("count on", number + 1), ("guess", number), ("guess again", number + 2))
    ]
    import_rows(workplace, [*rows[:3], "{broken", *rows[3:]])
    output = capsys.readouterr()
    assert "candidates.jsonl:4: not valid JSON" in output.err
    assert "15 candidates of 5 questions, 1 rows left out" in output.out
    candidates = f"candidates={workplace.folder / 'import'}"
    arguments = ["run=from_elsewhere", candidates, "judge=reference", "rounds=2", "stop_after=selection"]
    started = workplace.run(*arguments)
    assert "round 1 ranks 15 candidates of 5 questions" in started
    assert "generation:" not in started
    table = workplace.rows("from_elsewhere", "round_1", "1_candidates")
    ranked = workplace.rows("from_elsewhere", "round_1", "2_rankings")
    assert [row["thought"] for row in table] == [row["thought"] for row in rows]
    assert [row["candidate_id"] for row in table] == [row["candidate_id"] for row in ranked]
    assert all(row["thought_tokens"] and row["answer_tokens"] for row in table)
    assert [row["rank"] for row in ranked] == [1, 2, 2] * 5
    examples = workplace.rows("from_elsewhere", "round_1", "3_examples")
    assert examples[0]["completion"] == "<thought>count on</thought>It is 1.<|im_end|>"
    assert len(examples) == 5
    exported = export_data(run_folder=workplace.path("from_elsewhere"), folder=workplace.folder / "data")
    assert set(exported.rows.values()) == {5}
    first = json.loads((workplace.folder / "data" / "preferences_text.jsonl").read_text().partition("\n")[0])
    assert (first["prompt"], first["chosen"]) == ("What is 0 + 1?", "<thought>count on</thought>It is 1.")
    assert first["rejected"].startswith("<thought>guess")
    import_rows(workplace, rows[:9])
    changed = workplace.run(*arguments, status=2)
    assert "was made from other inputs" in changed
    assert workplace.rows("from_elsewhere", "round_1", "1_candidates") == table
