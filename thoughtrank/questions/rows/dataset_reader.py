"""Reads the rows of one split: of a dataset on the hub, or of a local file or folder."""

from collections.abc import Iterator
from contextlib import nullcontext
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING

from thoughtrank.errors import UserError, install_line
from thoughtrank.http_api.hub_access import has_cached_datasets, hub_or_cache
from thoughtrank.questions.rows.file_reader import JSON_SUFFIXES, Row, read_rows
from thoughtrank.questions.rows.question_column import question_column_fix
from thoughtrank.user_input.user_paths import address_of, user_path

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

_CHECK_NAMES = "check name, config_name and splits and the connection, or give a local file or folder"


def split_rows(
    *,
    name: str,
    config_name: str | None,
    split: str,
    columns: tuple[str, ...],
    streaming: bool,
    max_rows: int | None,
    instead: tuple[str, ...] = (),
) -> Iterator[Row]:
    """Rows of one split, in the dataset's own order.

    Args:
        name: a local file, a folder with a file ``SPLIT.jsonl`` or ``SPLIT.parquet``, any other folder that ``datasets`` can
            read, or a hub id ``organisation/dataset``.
        config_name: the dataset's configuration ("subset"); None where there is only one.
        split: its name; ignored for a local file.
        columns: columns to read; only the first is required.
        streaming: download row by row instead of the whole split first.
        max_rows: rows to read; None reads all.
        instead: columns of which one may stand in for the first.

    Raises:
        UserError: the rows cannot be read, or the package ``datasets`` is missing.
    """
    path = user_path(name)
    if address := address_of(path):
        raise UserError(
            f"questions.name={address} is an address: give the dataset's hub id organisation/dataset, or download it first and "
            "give the path"
        )
    if path.is_file():
        return islice(read_rows(path, columns=columns, instead=instead), max_rows)
    if path.is_dir():
        for suffix in (*JSON_SUFFIXES, ".parquet"):
            file = path / f"{split}{suffix}"
            if file.is_file():
                return islice(read_rows(file, columns=columns, instead=instead), max_rows)
    return _hub_rows(
        name=name,
        config_name=config_name,
        split=split,
        columns=columns,
        streaming=streaming,
        max_rows=max_rows,
        instead=instead,
    )


def _hub_rows(
    *,
    name: str,
    config_name: str | None,
    split: str,
    columns: tuple[str, ...],
    streaming: bool,
    max_rows: int | None,
    instead: tuple[str, ...],
) -> Iterator[Row]:
    dataset = _load_split(name=name, config_name=config_name, split=split, streaming=streaming)
    present = dataset.column_names
    if present is not None and not {columns[0], *instead} & set(present):
        raise UserError(
            f"questions.name={name}: split {split!r} has no column {columns[0]!r}: it has {', '.join(present)}; "
            f"{question_column_fix(present)}"
        )
    for number, row in enumerate(islice(dataset, max_rows), start=1):
        yield Row(number, {column: row[column] for column in columns if column in row})


def _load_split(*, name: str, config_name: str | None, split: str, streaming: bool) -> "Dataset | IterableDataset":
    """The split as the package ``datasets`` loads it."""
    if find_spec("datasets") is None:
        raise UserError(
            f"questions.name={name} is not a local file, and datasets of the hub need a package: {install_line('datasets')}"
        )
    with nullcontext() if user_path(name).exists() else hub_or_cache() as unreachable:
        if unreachable and not has_cached_datasets():  # importing the package would take longer than all else
            raise _cannot_load(name, split=split, reason=unreachable, hint=_CHECK_NAMES)
        import datasets

        datasets.utils.logging.set_verbosity_error()
        datasets.disable_progress_bars()
        try:
            return datasets.load_dataset(name, config_name, split=split, streaming=streaming)
        except Exception as error:
            reason = unreachable or f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            hint = (
                "accept its terms on its hub page and set HF_TOKEN" if "gated" in str(error).lower() else _CHECK_NAMES
            )
            raise _cannot_load(name, split=split, reason=reason, hint=hint) from error


def _cannot_load(name: str, *, split: str, reason: str, hint: str) -> UserError:
    return UserError(f"questions.name={name}: split {split!r} cannot be loaded ({reason}): {hint}")
