"""Reads the file that W&B writes for an offline run."""

import json
import struct
import time

BLOCK, IDENT, HEADER = 32768, 7, 7


def chunks(content):
    """The records of a file in LevelDB's log format, which W&B writes: pieces in blocks, each after a header of 7 bytes."""
    place, whole = IDENT, b""
    while place + HEADER <= len(content):
        if BLOCK - place % BLOCK < HEADER:
            place += BLOCK - place % BLOCK
            continue
        length, kind = struct.unpack("<HB", content[place + 4 : place + HEADER])
        whole += content[place + HEADER : place + HEADER + length]
        place += HEADER + length
        if kind in (1, 4):  # a whole record, or the last piece of one
            yield whole
            whole = b""


def records(folder):
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    for chunk in chunks(path.read_bytes()):
        record = Record()
        record.ParseFromString(chunk)
        yield record


def history(folder):
    """Every logged row."""
    for record in records(folder):
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            yield {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def summary(folder):
    """The last value of everything."""
    found = {}
    for record in records(folder):
        if record.WhichOneof("record_type") == "summary":
            found |= {
                item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.summary.update
            }
    return found


def wait_for_end(folder):
    """W&B's own service writes the file, and may still be at it when the run is finished."""
    until = time.monotonic() + 30
    while time.monotonic() < until and not any(
        record.WhichOneof("record_type") == "exit" for record in records(folder)
    ):
        time.sleep(0.1)
