"""How often right answers are scored as right, and wrong ones as wrong: gold answers in 20 wordings, and constructed errors.

``python -m benchmarks.answers FOLDER`` reads the ``.jsonl`` files below FOLDER: any with a column ``answer``, ``Answer`` or
``ground_truth``, whose values may be lists. Letters, letters with the texts of their options, and yes and no, are generated.
``--trl`` also compares with TRL's ``accuracy_reward``, which has to be installed.
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
from thoughtrank.evaluation.text_answers import truth_of
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


_YES_NO_WORDINGS = (
    "{}, because the passage states it.",
    "{}. The passage states it.",
    "The passage is about another town.\n\n{}, that follows from it.",
    "I think {}.",
    "It is {}.",
    "<answer>{}</answer>",
)
_OPTION_WORDINGS = (
    "The answer is ({}) {}",
    "The correct answer is {}: {}.",
    "{}) {}",
    "**{}. {}**",
    "Therefore, the answer is **{}) {}**, for the reasons above.",
    "A first look excludes two of them.\n\n**Answer: {}** ({})",
)
_OPTIONS = (
    "10^-4 eV",
    "The rate doubles, and the order in B is 2, whereas C is a catalyst",
    "Only I and III are true",
    "Both A and T pair with U in RNA",
    "(R)-4-methylcyclohex-2-en-1-one or its enantiomer",
    r"$\\frac{1}{2}(1 + i\\sqrt{3})$",
    "None of the above, as vitamin D is no reactant",
    "E = 3.2 MeV; a decay to the ground state is not allowed",
)
"""Invented, of the shape that GPQA's options have: letters, numbers, formulas and alternatives in their texts."""


def wordings(reference: Reference) -> Iterator[str]:
    """Right replies."""
    yield from (
        form.format(f"${reference.text}$" if _needs_dollars(reference, form) else reference.text) for form in WORDINGS
    )
    if reference.kind == "letter":
        yield from (form.format(reference.text) for form in _LETTER_WORDINGS)
    elif reference.kind == "yes_no":
        for word in ("yes", "true") if truth_of(reference.text) else ("no", "false"):
            yield from (form.format(word) for form in (*WORDINGS, *_YES_NO_WORDINGS))
            yield from (form.format(word.capitalize()) for form in _YES_NO_WORDINGS)
    elif reference.kind == "number" and reference.value is not None:
        yield from (form.format(each) for each in _other_forms(reference.value, reference.text) for form in WORDINGS)


def _other_forms(number: Fraction, text: str) -> Iterator[str]:
    """Other ways to write a number: with separators, with decimals; rounded or as a fraction, where it is a decimal itself."""
    if number.denominator == 1:
        yield from (f"{number.numerator:,}", f"{number.numerator}.0", f"{number.numerator}.00")
    elif "." in text and abs(number) >= 1 and number * 100 % 1:
        yield from (f"{float(number):.2f}", f"{float(number):.3f}")
    if number.denominator > 10**12:
        simple = number.limit_denominator(100)
        yield f"{simple.numerator}/{simple.denominator}"


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
            *((f"{_decimal(number)}x", rf"{_decimal(number)}\sqrt{{2}}") if number else ()),
        )
        yield rf"{_decimal(number)}^{{3}}" if number not in (0, 1, -1) else rf"{_decimal(number)}+x"
    elif reference.kind == "letter":
        yield from (letter for letter in "ABCD" if letter != reference.text)
        yield f"{reference.text} or {'A' if reference.text != 'A' else 'B'}"
    elif reference.kind == "yes_no":
        yield from ("no" if truth_of(reference.text) else "yes", "false" if truth_of(reference.text) else "true")
        yield from ("yes or no", "maybe")
    elif reference.kind == "formula":
        yield from (f"{reference.text} + 1" if "," not in reference.text else "(0, 17, 4)", f"17{reference.text}")
    others = [each for each in others if each.kind == reference.kind and not _same(each, reference)]
    yield from (each.text for each in chance.sample(others, min(3, len(others))))


def _same(one: Reference, other: Reference) -> bool:
    """Whether two references are the same answer, as far as other units do not matter."""
    if one.kind == "yes_no":
        return truth_of(one.text) is truth_of(other.text)
    if one.kind == "number":
        return is_right(one.text, other.text)
    return one.text == other.text


def letters_with_options(*, seed: int) -> tuple[int, list[tuple[str, str]], int, list[tuple[str, str]]]:
    """Replies that name an option by letter and text: how many right ones, those missed; wrong ones, those accepted."""
    chance = random.Random(seed)
    missed: list[tuple[str, str]] = []
    accepted: list[tuple[str, str]] = []
    num_right = num_wrong = 0
    for _ in range(200):
        options = dict(zip("ABCD", chance.sample(_OPTIONS, 4), strict=True))
        right = chance.choice("ABCD")
        for letter, text in options.items():
            for form in _OPTION_WORDINGS:
                reply = form.format(letter, text)
                num_right, num_wrong = num_right + (letter == right), num_wrong + (letter != right)
                if is_right(reply, right) != (letter == right):
                    (missed if letter == right else accepted).append((right, reply))
        num_wrong += 1
        everything = "\n".join(f"{letter}) {text}" for letter, text in options.items())
        if is_right(everything, right):
            accepted.append((right, everything))
    return num_right, missed, num_wrong, accepted


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
            found[path.name] = [_text(each) for row in rows for each in _list(row[column])]
    found["letters"] = [f"\\boxed{{{letter}}}" for letter in "ABCD"] * 50
    found["yes_no"] = ["yes", "no"] * 100
    return found


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


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
    num_right, missed, num_wrong, accepted = letters_with_options(seed=arguments.seed)
    print("letters with the texts of their options")
    print(
        f"  right: {num_right - len(missed):,} of {num_right:,}; wrong scored as right: {len(accepted)} of {num_wrong:,}"
    )
    _show("right, but scored as wrong", missed, arguments.show)
    _show("wrong, but scored as right", accepted, arguments.show)


def _show(title: str, rows: Sequence[tuple[object, ...]], limit: int) -> None:
    if rows:
        print(f"  {title}:")
        for row in rows[:limit]:
            print("   ", *(repr(each) for each in row), sep="  ")


if __name__ == "__main__":
    main()
