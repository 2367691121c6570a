"""``python -m thoughtrank.finetuning JOB.yaml PARENT``: one rank of a training. It exits together with the process PARENT."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed.process_exit import exit_with_parent, exit_without_teardown
from thoughtrank.finetuning.distributed.process_launcher import report_faults
from thoughtrank.finetuning.distributed.rank_store import serve_store
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.protocols import Strategy
from thoughtrank.instantiate import make_component
from thoughtrank.output.terminal import print_traceback
from thoughtrank.output.terminal_encoding import escape_unprintable
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.locks import held

if TYPE_CHECKING:
    from torch.distributed import TCPStore

_WAITING = "a training process of an earlier attempt has not ended yet: waiting for it"


def main() -> None:
    """Run one job. Each rank holds a lock in the work folder, so that it waits for a surviving rank of a killed run.

    Exit status: 0 when the model is written, 2 after a fault the user can fix, 1 for bugs.
    """
    escape_unprintable()
    try:
        # Until the process ends: other ranks may still need it.
        _store = _train(*_arguments())
    except UserError as error:
        report_faults(error)
        sys.exit(2)
    except Exception:
        print_traceback()
        sys.exit(1)
    exit_without_teardown()


def _arguments() -> tuple[Path, int]:
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        raise UserError(
            "usage: python -m thoughtrank.finetuning JOB.yaml PARENT (a run starts it for each training process)"
        )
    return Path(sys.argv[1]), int(sys.argv[2])


def _train(job_file: Path, parent: int) -> "TCPStore | None":
    """Train, and return the store that this rank serves."""
    job = TrainingJob.read(job_file)
    exit_with_parent(parent)
    rank = os.environ.get("RANK", "0")
    strategy: Strategy = make_component(job.strategy, where="strategy")
    strategy.prepare_process()
    lock = Path(job.work) / f"_training.{rank}.lock"
    with full_disk_as_user_error(Path(job.work)), held(lock, waiting=_WAITING):
        from thoughtrank.finetuning.train import run_training

        store = serve_store()
        run_training(job, strategy=strategy)
        return store


if __name__ == "__main__":
    main()
