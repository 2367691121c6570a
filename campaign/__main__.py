"""``python -m campaign``: do the trials that have no record yet, and print the tables."""

import argparse
import signal
import sys
import time
from pathlib import Path

from campaign.kinds import KINDS
from campaign.paths import ROOT
from campaign.records import RecordFile
from campaign.runner import code_digest, do_trial_inside, run_campaign
from campaign.table import heading, tables, totals, write_page


def main() -> None:
    """Exit status 1 if anything was lost, paid twice or ended with a traceback, or a trial could not be done."""
    options = _options()
    if options.trial:
        name, number = options.trial
        do_trial_inside(options.folder, seed=options.seed, name=name, number=int(number))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    code = code_digest()
    folder = (options.folder or ROOT / ".cache" / "campaign") / f"{options.seed}-{code}"
    started = time.monotonic()
    failed = run_campaign(folder, seed=options.seed, names=options.only or list(KINDS), workers=options.workers)
    file = RecordFile(folder / "records.jsonl")
    records = list(file.records.values())
    file.close()
    command = "make campaign" if options.seed == 0 else f"python -m campaign --seed {options.seed}"
    head = heading(command=command, seed=options.seed, code=code, records=records, workers=options.workers)
    text = tables(records, heading=head)
    print(f"\n{text}\n\n{(time.monotonic() - started) / 60:.1f} minutes now; records: {folder}")
    if options.page:
        write_page(options.page, text)
    bad = any(each.lost or each.paid_twice or each.tracebacks for each in totals(records).values())
    sys.exit(1 if bad or failed else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m campaign", description="Try to break runs, and report what was lost."
    )
    parser.add_argument("--seed", type=int, default=0, help="of every random choice")
    parser.add_argument("--folder", type=Path, help="for records and trials; by default .cache/campaign")
    parser.add_argument("--only", nargs="+", choices=list(KINDS), help="kinds of trials; by default all")
    parser.add_argument("--workers", type=int, default=2, help="trials at a time")
    parser.add_argument("--page", type=Path, help="page to write the tables into, such as docs/reliability.md")
    parser.add_argument("--trial", nargs=2, metavar=("KIND", "NUMBER"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
