"""How often right answers are scored as right, and wrong ones as wrong: gold answers in 20 wordings, and constructed errors.

``python -m benchmarks.answers FOLDER`` reads the ``.jsonl`` files below FOLDER: any with a column ``answer``, ``Answer`` or
``ground_truth``. Letters, and yes and no, are generated. ``--trl`` also compares with TRL's ``accuracy_reward``, which has to
be installed.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from thoughtrank.evaluation.answer_comparison import is_right
from thoughtrank.evaluation.math_equality import comparisons_over_limit
from thoughtrank.evaluation.reference_kinds import Reference, kinds_text, understood
from thoughtrank.records import Question

_COLUMNS = ("answer", "Answer", "ground_truth")

WORDINGS = (
    "The answer is {}.",
    "The answer is: {}",
    "The final answer is {}",
    "So the answer is {}.",
    "Answer: {}",
    "**Answer:** {}",
    "**Answer: {}**",
    "Final answer: {}",
    "The correct answer is {}.",
    "the answer is {}",
    "Therefore, the answer is **{}**.",
    r"\boxed{{{}}}",
    r"So we get $\boxed{{{}}}$.",
    "First some thoughts, in two sentences. They go on.\n\nThe answer is {}.",
    "Let me think. There are some steps.\nAnswer: {}\n",
    "The answer is {}, because that follows from the text.",
    "The answer is {}. I hope this helps!",
    "My answer is {}",
    "{}",
    "Some steps first.\n{}",
)
_OF_FORMULAS = {
    "{}": "${}$",
    r"\boxed{{{}}}": r"\boxed{{{}}}",
    r"So we get $\boxed{{{}}}$.": r"So we get $\boxed{{{}}}$.",
}
_LETTER_WORDINGS = (
    "The answer is ({}) Paris.",
    "{}: Paris",
    "{}, because it fits",
    "option {}",
    "I choose {}.",
    "{} is correct.",
    "The correct option is {}",
    "({})",
    "{})",
    "Option {} is the best answer.",
    "I would go with {}",
    r"\boxed{{\text{{({})}}}}",
    "Let us see.\nSo it must be option ({}).",
    "<answer>{}</answer>",
)


def wordings(reference: Reference) -> Iterator[str]:
    """Right replies."""
    yield from (
        form.format(f"${reference.text}$" if _needs_dollars(reference, form) else reference.text) for form in WORDINGS
    )
    if reference.kind == "letter":
        yield from (form.format(reference.text) for form in _LETTER_WORDINGS)


def _needs_dollars(reference: Reference, form: str) -> bool:
    return "boxed" not in form and "\\" in reference.text and "text" not in reference.text and "$" not in reference.text


def wrong_answers(reference: Reference, others: Sequence[Reference], *, chance: random.Random) -> Iterator[str]:
    """Wrong answers of the same kind: near misses, hedges, and the answers of other rows."""
    if reference.kind == "number" and reference.value is not None:
        number = reference.value
        for wrong in (number + 1, number - 1, number * 10, number / 10, -number, number + Fraction(1, 2), number * 2):
            if wrong != number:
                yield _decimal(wrong)
        yield from (
            f"{_decimal(number)} or {_decimal(number + 1)}",
            f"{_decimal(number)}x",
            rf"{_decimal(number)}\sqrt{{2}}",
        )
        yield rf"{_decimal(number)}^{{3}}" if number not in (0, 1, -1) else rf"{_decimal(number)}+x"
    elif reference.kind == "letter":
        yield from (letter for letter in "ABCD" if letter != reference.text)
        yield f"{reference.text} or {'A' if reference.text != 'A' else 'B'}"
    elif reference.kind == "yes_no":
        yield from ("no" if reference.text == "yes" else "yes", "yes or no", "maybe")
    elif reference.kind == "formula":
        yield from (f"{reference.text} + 1" if "," not in reference.text else "(0, 17, 4)", f"17{reference.text}")
    others = [each for each in others if each.text != reference.text and each.kind == reference.kind]
    yield from (each.text for each in chance.sample(others, min(3, len(others))))


def _decimal(number: Fraction) -> str:
    if number.denominator == 1:
        return str(number.numerator)
    shown = f"{float(number):.6f}".rstrip("0")
    return shown if Fraction(shown) == number else f"{number.numerator}/{number.denominator}"


def references(folder: Path) -> dict[str, list[str]]:
    """The reference answers of every file, and the generated ones."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        column = next((column for column in _COLUMNS if rows and column in rows[0]), None)
        if column is not None:
            found[path.name] = [_text(row[column]) for row in rows]
    found["letters"] = [f"\\boxed{{{letter}}}" for letter in "ABCD"] * 50
    found["yes_no"] = ["yes", "no"] * 100
    return found


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def measure(answers: Sequence[str], *, seed: int) -> tuple[list[tuple[str, str]], int, list[tuple[str, str]], int]:
    """Right replies scored as wrong, their number; wrong ones scored as right, and theirs."""
    chance = random.Random(seed)
    all_references = [understood(answer) for answer in answers]
    missed, accepted, num_right, num_wrong = [], [], 0, 0
    for answer, reference in zip(answers, all_references, strict=True):
        for reply in wordings(reference):
            num_right += 1
            if not is_right(reply, answer):
                missed.append((answer, reply))
        for wrong in wrong_answers(reference, all_references, chance=chance):
            for form in chance.sample(WORDINGS[:18], 2):
                num_wrong += 1
                reply = form.format(wrong)
                if is_right(reply, answer):
                    accepted.append((answer, reply))
    return missed, num_right, accepted, num_wrong


def compare_with_trl(answers: Sequence[str], *, seed: int) -> tuple[int, list[tuple[str, str, float | None, bool]]]:
    """How many comparisons of boxed answers there were, and those on which TRL's reward differs."""
    from trl.rewards import accuracy_reward

    chance = random.Random(seed)
    differ, number = [], 0
    for answer in answers:
        for given in [answer, *chance.sample(list(answers), 3)]:
            reply = rf"So the answer is $\boxed{{{given}}}$."
            [reward] = accuracy_reward([[{"role": "assistant", "content": reply}]], [f"${answer}$"])
            ours = is_right(reply, answer)
            number += 1
            if reward is None or (reward >= 1) != ours:
                differ.append((answer, given, reward, ours))
    return number, differ


def main() -> None:
    """Print a table, and every error."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=10, help="errors to print of each file")
    parser.add_argument("--trl", action="store_true", help="also compare with TRL's accuracy_reward")
    arguments = parser.parse_args()
    for name, answers in references(arguments.folder).items():
        start = time.perf_counter()
        missed, num_right, accepted, num_wrong = measure(answers, seed=arguments.seed)
        seconds = time.perf_counter() - start
        print(f"{name}: {kinds_text(Question('', '', answer=each) for each in answers)}")
        print(
            f"  right: {num_right - len(missed):,} of {num_right:,}; wrong scored as right: {len(accepted)} of {num_wrong:,}"
        )
        print(
            f"  {seconds / (num_right + num_wrong) * 1e3:.3f} ms each, {comparisons_over_limit()} over the limits so far"
        )
        _show("right, but scored as wrong", missed, arguments.show)
        _show("wrong, but scored as right", accepted, arguments.show)
        if arguments.trl and any("\\" in answer for answer in answers):
            number, differ = compare_with_trl(answers, seed=arguments.seed)
            print(f"  TRL's accuracy_reward agrees on {number - len(differ):,} of {number:,}")
            _show("reference, answer, TRL, here", differ, arguments.show)


def _show(title: str, rows: Sequence[tuple[object, ...]], limit: int) -> None:
    if rows:
        print(f"  {title}:")
        for row in rows[:limit]:
            print("   ", *(repr(each) for each in row), sep="  ")


if __name__ == "__main__":
    main()
