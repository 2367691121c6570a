"""Random question files, text and Parquet: every row is a question or is named as left out, and nothing but a plain message."""

import json
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
from hypothesis import strategies as st

from campaign.fuzzing import JSON, try_examples
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.trials.hostile_text import TEXTS
from thoughtrank.errors import UserError
from thoughtrank.questions.question_file import QuestionFile

EXAMPLES = 1000
_FIELD = st.sampled_from(["question", "answer", "family", "other"])
_VALUE = JSON | st.sampled_from(sorted(text for name, text in TEXTS.items() if name != "a megabyte"))


def _lines() -> st.SearchStrategy[bytes]:
    rows = st.dictionaries(_FIELD, _VALUE, max_size=4).map(lambda row: json.dumps(row).encode())
    raw_rows = st.dictionaries(_FIELD, _VALUE, max_size=4).map(
        lambda row: json.dumps(row, ensure_ascii=False).encode(errors="surrogatepass")
    )
    line = st.one_of(rows, rows, raw_rows, JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=40))
    return st.lists(line, max_size=12).map(b"\n".join)


@st.composite
def _parquet_files(draw: st.DrawFn) -> bytes:
    """A Parquet file, perhaps cut or with a changed byte."""
    count = draw(st.integers(0, 4))
    columns = draw(st.lists(_FIELD, unique=True, min_size=1))
    texts = st.lists(st.none() | st.text(max_size=10), min_size=count, max_size=count)
    numbers = st.lists(st.none() | st.floats(), min_size=count, max_size=count)
    target = BytesIO()
    parquet.write_table(pa.table({name: pa.array(draw(texts | numbers)) for name in columns}), target)
    content = bytearray(target.getvalue())
    if draw(st.booleans()):
        content[draw(st.integers(0, len(content) - 1))] ^= draw(st.integers(1, 255))
    return bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)


def _check(content: bytes, *, path: Path) -> None:
    path.write_bytes(content)
    source = QuestionFile(path=str(path), seed=1, train_per_round=1, held_out=1)
    faults = source.faults(rounds=1)
    assert all(isinstance(fault, str) and fault for fault in faults), "an empty fault"
    with suppress(UserError):
        for question in [*source.train(1), *source.evaluation()]:
            assert question.text.strip(), "an empty question"
            question.text.encode()
    with suppress(UserError):
        source.skipped_rows  # noqa: B018
    if path.suffix == ".jsonl":
        kept = None
        with suppress(UserError):  # the file is refused as a whole, such as a compressed one
            loaded = source._loaded
            kept = len(loaded.train) + len(loaded.development) + len(loaded.test)
        rows = sum(bool(line.strip()) for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
        if kept is None:
            assert faults, "a file is refused that had no fault"
        else:
            assert kept + len(source.skipped_rows) == rows, "a row is neither a question nor named as left out"


def _run(trial: TrialInput) -> Outcome:
    outcome, choice = Outcome(), trial.random("questions")
    for name, strategy in (("rows.jsonl", _lines()), ("rows.parquet", _parquet_files())):
        check = partial(_check, path=trial.folder / name)
        try_examples(strategy, check, count=EXAMPLES, number=choice.randrange(1 << 30), outcome=outcome)
    return outcome


KIND = Kind("fuzz_questions", "Random question files", 1, _run, compares=False)
