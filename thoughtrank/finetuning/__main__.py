"""``python -m thoughtrank.finetuning JOB.yaml PARENT``: train as the job says, and die with the process PARENT."""

import sys
from pathlib import Path

from filelock import FileLock

from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.processes import die_with_parent


def main() -> None:
    """Run one job. The work folder is locked, so that a survivor of a killed run is waited for."""
    job = TrainingJob.read(Path(sys.argv[1]))
    die_with_parent(int(sys.argv[2]))
    with FileLock(Path(job.work) / "_training.lock"):
        from thoughtrank.finetuning.train import run_training

        run_training(job)


if __name__ == "__main__":
    main()
