"""Does the trials of a campaign, two at a time, each in a process of its own, and records every one that ends."""

import hashlib
import json
import multiprocessing
import random
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from forked_command import running_fork_server

from campaign.kinds import KINDS
from campaign.outcome import Outcome, TrialInput
from campaign.paths import ROOT
from campaign.records import Record, RecordFile, outcome_from
from campaign.undisturbed import prepare

_CODE = ("thoughtrank", "conf", "tests/servers")
_IN_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


def code_digest() -> str:
    """Eight hex digits of the code that a campaign tries: records of other code do not count."""
    digest = hashlib.sha256()
    for name in _CODE:
        paths = sorted((ROOT / name).rglob("*")) if (ROOT / name).is_dir() else [ROOT / name]
        for path in paths:
            if path.suffix in (".py", ".yaml", ".txt", ".md"):
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def mounts_allowed() -> bool:
    """Whether this user may mount file systems in a namespace of their own."""
    command = [*_IN_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return shutil.which("unshare") is not None and subprocess.run(command, capture_output=True).returncode == 0


def run_campaign(folder: Path, *, seed: int, names: Sequence[str], workers: int) -> int:
    """Do every trial that has no record yet.

    Args:
        folder: of this campaign; holds the records.
        seed: of every random choice.
        names: kinds of trials.
        workers: trials at a time.

    Returns:
        Trials that failed to run at all; they are not recorded, and are tried again the next time.
    """
    records = RecordFile(folder / "records.jsonl")
    skipped = set() if mounts_allowed() else {name for name in names if KINDS[name].needs_mounts}
    for name in sorted(skipped):
        print(f"{name}: skipped, because this user may not mount file systems", flush=True)
    trials = [(name, number) for name in names if name not in skipped for number in range(KINDS[name].count)]
    due = [trial for trial in trials if trial not in records]
    # Mixed, so that two trials at a time are rarely of one kind.
    random.Random(seed).shuffle(due)
    failed = 0
    with running_fork_server():
        if any(KINDS[name].compares for name, _ in due):
            prepare(folder / "undisturbed")
        for done, (name, record) in enumerate(_done_trials(folder, due, seed=seed, workers=workers), start=1):
            if isinstance(record, str):
                failed += 1
                print(f"{name} could not be done:\n{record}", file=sys.stderr, flush=True)
                continue
            records.add(record)
            print(f"[{done}/{len(due)}] {_line(record)}", flush=True)
    records.close()
    return failed


def _done_trials(
    folder: Path, due: Sequence[tuple[str, int]], *, seed: int, workers: int
) -> Iterator[tuple[str, Record | str]]:
    """Every trial as it ends, with the name of its kind. If the caller is interrupted, the trials end too."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1)
    try:
        futures = {pool.submit(do_trial, folder, seed=seed, name=name, number=number): name for name, number in due}
        for future in as_completed(futures):
            yield futures[future], future.result()
        pool.shutdown()
    except BaseException:
        for process in multiprocessing.active_children():
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def do_trial(folder: Path, *, seed: int, name: str, number: int, inside: bool = False) -> Record | str:
    """Do one trial; a text says why it could not be done.

    Args:
        folder: of the campaign.
        seed: of the campaign.
        name: of the kind.
        number: of the trial.
        inside: already in a namespace in which file systems can be mounted.
    """
    started = time.monotonic()
    try:
        outcome = _outcome(folder, seed=seed, name=name, number=number, inside=inside)
    except Exception:
        return traceback.format_exc()
    return Record(kind=name, number=number, seconds=round(time.monotonic() - started, 1), outcome=outcome)


def _outcome(folder: Path, *, seed: int, name: str, number: int, inside: bool) -> Outcome:
    kind = KINDS[name]
    if kind.needs_mounts and not inside:
        options = ["--folder", str(folder), "--seed", str(seed), "--trial", name, str(number)]
        command = [*_IN_NAMESPACE, sys.executable, "-m", "campaign", *options]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if ended.returncode != 0:
            raise RuntimeError(ended.stdout + ended.stderr)
        return outcome_from(json.loads(ended.stdout.splitlines()[-1]))
    own = folder / "trials" / f"{name}-{number}"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    trial = TrialInput(number=number, count=kind.count, seed=seed, folder=own, undisturbed=folder / "undisturbed")
    outcome = kind.run(trial)
    if not outcome.tried:
        raise RuntimeError("nothing was tried")
    if not (outcome.lost or outcome.paid_twice or outcome.tracebacks):
        shutil.rmtree(own, ignore_errors=True)
    return outcome


def do_trial_inside(folder: Path, *, seed: int, name: str, number: int) -> None:
    """Do one trial and print its outcome as JSON, for the process outside of the namespace."""
    with running_fork_server():
        record = do_trial(folder, seed=seed, name=name, number=number, inside=True)
    if isinstance(record, str):
        sys.exit(record)
    print(json.dumps(asdict(record.outcome)))


def _line(record: Record) -> str:
    outcome = record.outcome
    text = f"{record.kind} {record.number}: {outcome.tried} tried in {record.seconds:.0f} s"
    problems = [*outcome.lost, *(f"traceback: {each}" for each in outcome.tracebacks)]
    if outcome.paid_twice:
        problems.append(f"{outcome.paid_twice} judge calls paid twice")
    return "\n    ".join([text, *problems])
