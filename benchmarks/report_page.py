"""How long a report of many candidates takes to write, to open and to search, in headless Chromium.

``python benchmarks/report_page.py`` writes the tables of a run with texts of random words, 4 rounds of 1,000 questions with 62
candidates each, builds its report, and opens it several times. It prints a line of JSON. It needs the package playwright, and
Chromium on the PATH.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.metrics import HeldOutReply, read_metrics
from thoughtrank.records import Candidate, Example, Gain, Question, RankedCandidate
from thoughtrank.report.figures.screenshots import find_browser
from thoughtrank.report.html.write_report import write_report
from thoughtrank.storage.done_marker import write_done
from thoughtrank.storage.json_files import write_json
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import part_path, write_part

_PREFIXES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_WORDS = [
    f"{first}{middle}{last}" for first in "bdfglmnprst" for middle in ("a", "ei", "o", "uy") for last in "klmnrst"
]
_ARMS: tuple[ArmName, ...] = ("thought", "answer_at_once", "own_thought", "room_to_reason")
_DRAWN = "#question-detail > *"
_SEARCHES = ("17", "q1-5", "bak", "no such words")


def write_run(folder: Path, *, questions: int, rounds: int, prefixes: str, held_out: int, seed: int) -> None:
    """Write the tables that a report reads: in every question a third of the answers is right, and one is selected."""
    rng, paths = random.Random(seed), RunPaths(folder)
    asked = [_question(f"held-{number}", rng) for number in range(held_out)]
    _write(paths.questions, asked, Question)
    for number in range(rounds + 1):
        replies = list(_replies(asked, rng, right=0.1 + 0.1 * number))
        _write(paths.replies(number), replies, HeldOutReply, seconds=60.0)
        write_json(paths.evaluation(number), {"round": number, **read_metrics(replies)})
        if number:
            of_round = [_question(f"q{number}-{each}", rng) for each in range(questions)]
            _write(paths.questions, of_round, Question, part=number)
            _write_candidates(paths, number, of_round, rng, prefixes=prefixes)
    (folder / "config.yaml").write_text("seed: 0\n", encoding="utf-8")


def _write(folder: Path, rows: Sequence[Any], record_type: type[Any], *, part: int = 0, **facts: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_part(part_path(folder, part), rows, record_type=record_type)
    if folder.name != "questions":
        write_done(folder, fingerprint="made up", facts={"seconds": 60.0, **facts})


def _text(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(_WORDS, k=words))


def _question(name: str, rng: random.Random) -> Question:
    return Question(name, f"{_text(rng, 22)} {rng.randrange(100)}?", str(rng.randrange(100)), rng.choice(_WORDS[:20]))


def _replies(asked: Sequence[Question], rng: random.Random, *, right: float) -> Iterator[HeldOutReply]:
    for question in asked:
        for arm in _ARMS:
            yield HeldOutReply(
                question_id=question.question_id,
                family=question.family,
                unseen=False,
                arm=arm,
                reply=f"<thought>{_text(rng, 25)}</thought> The answer is {question.answer}.",
                answer=question.answer or "",
                right=rng.random() < right,
                thought_well_formed=True,
                reply_tokens=60,
                reply_finish="stop",
            )


def _write_candidates(
    paths: RunPaths, number: int, asked: Sequence[Question], rng: random.Random, *, prefixes: str
) -> None:
    candidates, ranking, gains, examples = [], [], [], []
    for question in asked:
        for index, prefix in enumerate(prefixes):
            asked_id, candidate_id = question.question_id, f"{question.question_id}-{index:03d}"
            right = index == 0 or rng.random() < 1 / 3
            answer = question.answer if right else str(rng.randrange(100))
            candidates.append(
                Candidate(
                    question_id=asked_id,
                    candidate_id=candidate_id,
                    prefix=prefix,
                    thought=f"{prefix} {_text(rng, 25)}",
                    answer=f"The answer is {answer}.",
                    thought_tokens=rng.randrange(20, 80),
                    answer_tokens=6,
                    thought_finish="stop",
                    answer_finish="stop",
                )
            )
            ranking.append(
                RankedCandidate(
                    question_id=asked_id,
                    candidate_id=candidate_id,
                    prefix=prefix,
                    rank=1 if right else 2,
                    reason=None,
                )
            )
            if right:
                gain = rng.gauss(2.0, 2.0)
                gains.append(
                    Gain(
                        question_id=asked_id,
                        candidate_id=candidate_id,
                        gain=gain,
                        answer_logprob=-1.0,
                        baseline_logprob=-1.0 - gain,
                        answer=answer or "",
                        answer_kind="number",
                        cut=None,
                    )
                )
        first = f"{question.question_id}-000"
        examples.append(Example(question_id=question.question_id, candidate_id=first, prompt="p", completion="c"))
    _write(paths.candidates(number), candidates, Candidate)
    _write(paths.rankings(number), ranking, RankedCandidate)
    _write(paths.gains(number), gains, Gain)
    _write(paths.examples(number), examples, Example, examples=len(examples))


def measure_page(path: Path, *, times: int) -> dict[str, float]:
    """Median seconds until the page has drawn its first question, and milliseconds of the slowest search; texts once."""
    from playwright.sync_api import sync_playwright

    opened, searched = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        for _ in range(times):
            page = browser.new_page()
            began = time.monotonic()
            page.goto(path.resolve().as_uri())
            page.locator(_DRAWN).first.wait_for()
            opened.append(time.monotonic() - began)
            for text in _SEARCHES:
                page.fill("#search", text)
                page.wait_for_timeout(200)
                searched.append(page.evaluate("report.lastSearchMilliseconds"))
            page.close()
        page = browser.new_page()
        page.goto(path.resolve().as_uri())
        page.check("#full-text")
        began = time.monotonic()
        page.fill("#search", "bak beil")
        page.wait_for_timeout(100)  # the page waits for the end of the typing
        page.locator("#browser-progress").wait_for(state="hidden", timeout=60_000)
        texts = time.monotonic() - began
        browser.close()
    return {"opened_s": statistics.median(opened), "search_ms": max(searched), "text_search_s": texts}


def main() -> None:
    """Write, open, search, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=1000, help="per round")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--prefixes", default=_PREFIXES, help="one character each")
    parser.add_argument("--held-out", type=int, default=500)
    parser.add_argument("--times", type=int, default=5, help="how often the page is opened")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        write_run(
            run,
            questions=options.questions,
            rounds=options.rounds,
            prefixes=options.prefixes,
            held_out=options.held_out,
            seed=0,
        )
        spent = time.process_time()
        written = write_report([run], run / "report.html")
        cpu = time.process_time() - spent
        page = measure_page(written.path, times=options.times)
    figures = {"megabytes": written.megabytes, "written_s": written.seconds, "written_cpu_s": cpu, **page}
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
