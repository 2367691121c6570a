"""A folder for runs of the real command line with the real config made small; for tests, and for the campaign."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as parquet
from forked_command import ADDRESS, ForkedCommand

ROOT = Path(__file__).parents[2]

SMALL = [
    "model=tiny",
    "prefixes=digits",
    "judge=fake",
    "logger=none",
    "rounds=1",
    "questions.train_per_round=4",
    "questions.held_out=6",
    "questions.held_out_unseen=4",
    "generation.thought_tokens=12",
    "generation.answer_tokens=8",
    "evaluation.reply_tokens=24",
    "engine.questions_per_group=2",
    "engine.replies_per_group=16",
    "selection.allow_truncated=true",
    "training.epochs=3",
    "training.min_steps=0",
    "training.batch_size=2",
    "training.micro_batch_size=2",
    "optimizer.lr=1e-3",
    "controls=[]",
    # Without best_of_n, whose rounds depend on the number of rounds. One of the forced thoughts stands for all.
    "evaluation.arms=[thought,answer_at_once,own_thought,swapped_thought,room_to_reason]",
]

READ_LATE = {"JUDGE_URL", "MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "OPENAI_API_KEY", "RELEASE", "WANDB_MODE"}
READ_LATE |= {"PYTHONPATH", "PYTHONIOENCODING"}
"""Environment variables that a forked command sees, because they are read after the imports or once more after the fork."""


@dataclass
class Workplace:
    """A folder in which runs and their cache live.

    Attributes:
        environment: variables of every run.
        left_out: keys of the small config that a run does not get.
        output: what the run that was made with it printed.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    output: str = ""

    def command(self, *overrides: str) -> list[str]:
        """The command line; a later override of a key replaces the small config's."""
        places = [f"runs_dir={self.folder / 'runs'}", f"cache_dir={self.folder / 'cache'}"]
        keys = {override.partition("=")[0] for override in overrides} | set(self.left_out)
        small = [override for override in SMALL if override.partition("=")[0] not in keys]
        flags = [override for override in overrides if override.startswith("-")]
        given = [override for override in overrides if not override.startswith("-")]
        return [sys.executable, str(ROOT / "train.py"), *flags, *places, *small, *given]

    def start(self, *overrides: str, fresh: bool = False) -> subprocess.Popen | ForkedCommand:
        """Start a command.

        Args:
            fresh: with an interpreter of its own, as a user does it. Otherwise it is forked from one that has imported
                everything, where that makes no difference.
        """
        command = self.command(*overrides)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **self.environment}
        if ADDRESS in os.environ and not fresh and self.environment.keys() <= READ_LATE:
            return ForkedCommand(command[2:], folder=self.folder, environment=environment)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *overrides: str, status: int = 0, fresh: bool = False) -> str:
        """Start a command and return all it prints, after checking its exit status."""
        process = self.start(*overrides, fresh=fresh)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == status, output
        return output

    def path(self, run: str, *names: str) -> Path:
        return self.folder.joinpath("runs", run, *names)

    def rows(self, run: str, *names: str) -> list[dict]:
        return parquet.read_table(self.path(run, *names)).to_pylist()

    def tables(self, run: str, *, rounds: int = 9) -> dict[str, list[dict]]:
        """Every table of a run's first rounds by its path: what a resumed run has to reproduce."""
        found = {
            path.parent
            for number in range(rounds + 1)
            for path in self.path(run).glob(f"round_{number}/**/part-*.parquet")
        }
        folders = sorted(found)
        return {str(folder.relative_to(self.path(run))): parquet.read_table(folder).to_pylist() for folder in folders}
