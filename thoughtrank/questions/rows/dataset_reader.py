"""Reading the rows of a split: of a dataset on the hub, or of a local file or folder."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.questions.rows.file_reader import JSON_SUFFIXES, Row, read_rows


def split_rows(
    *, name: str, config_name: str | None, split: str, columns: tuple[str, ...], streaming: bool, most: int | None
) -> Iterator[Row]:
    """Rows of one split, in the dataset's own order.

    Args:
        name: a local file, a folder with a file ``SPLIT.jsonl`` or ``SPLIT.parquet``, any other folder that ``datasets`` can
            read, or a hub id ``organisation/dataset``.
        config_name: the dataset's configuration ("subset"); None where it has one only.
        split: its name. A local file is all of them.
        columns: what to read; only the first of them must be there.
        streaming: fetch row by row instead of the whole split first.
        most: rows to read; None reads all.

    Raises:
        UserError: the rows cannot be read, or the package ``datasets`` is missing.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return islice(read_rows(path, columns=columns), most)
    if path.is_dir():
        for suffix in (*JSON_SUFFIXES, ".parquet"):
            file = path / f"{split}{suffix}"
            if file.is_file():
                return islice(read_rows(file, columns=columns), most)
    return _dataset_rows(
        name=name, config_name=config_name, split=split, columns=columns, streaming=streaming, most=most
    )


def _dataset_rows(
    *, name: str, config_name: str | None, split: str, columns: tuple[str, ...], streaming: bool, most: int | None
) -> Iterator[Row]:
    dataset = _load(name=name, config_name=config_name, split=split, streaming=streaming)
    there = dataset.column_names
    if there is not None and columns[0] not in there:
        raise UserError(
            f"questions.name={name}: split {split!r} has no column {columns[0]!r}: it has {', '.join(there)}."
        )
    for number, row in enumerate(islice(dataset, most), start=1):
        yield Row(number, {column: row[column] for column in columns if column in row})


def _load(*, name: str, config_name: str | None, split: str, streaming: bool) -> Any:
    """The split as ``datasets`` gives it."""
    try:
        import datasets
    except ModuleNotFoundError:
        raise UserError(
            f"questions.name={name} is not a local file, and datasets of the hub need a package: "
            "pip install 'thoughtrank[datasets]'"
        ) from None
    datasets.utils.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset(name, config_name, split=split, streaming=streaming)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else ""
        hint = (
            "accept its terms on its hub page and set HF_TOKEN"
            if "gated" in str(error).lower()
            else "check name, config_name and splits and the connection, or give a local file or folder"
        )
        what = f"questions.name={name}: split {split!r} cannot be loaded ({type(error).__name__}: {reason})"
        raise UserError(f"{what}: {hint}") from error
