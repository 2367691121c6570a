"""Question files, and the source that reads them."""

import json

from thoughtrank.questions.question_file import QuestionFile


def source(path, **overrides):
    return QuestionFile(**{"path": str(path), "seed": 0, "train_per_round": 2, "held_out": 1, **overrides})


def write(path, *rows):
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def numbered(count):
    return [{"question": f"Question {index}?", "answer": str(index)} for index in range(count)]


def everything(path, **overrides):
    """All good questions of the file."""
    count = sum(map(len, source(path, **overrides)._loaded[:3]))
    return source(path, **{**overrides, "held_out": count}).evaluation()
