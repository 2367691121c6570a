"""Questions with answers of known quality, simulated or from a file, for ``benchmarks/ranking.py``."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.judging.simulated import INJECTION, Quality
from thoughtrank.rankers.duplicate_answers import duplicate_classes
from thoughtrank.rankers.rank_questions import AnsweredQuestion

SLOTS = 62
MIXED = (6, 10, 15, 20, 30, 40)
"""Numbers of distinct answers among the slots, 20 on average."""

_SENTENCE = "The second part is then 12 more than the first one, so we add both of them and compare. "


@dataclass(frozen=True)
class RatedQuestion:
    """A question whose answers have a known quality.

    Attributes:
        asked: the question with all its answers.
        classes: for each distinct answer, the ids of its copies.
        quality: quality of each distinct answer, standardized (mean 0, standard deviation 1), shape (classes,).
        injected: index of the class whose answer contains an instruction to the judge, or None.
    """

    asked: AnsweredQuestion
    classes: tuple[tuple[str, ...], ...]
    quality: np.ndarray
    injected: int | None = None


def simulated_questions(
    *, count: int, distinct: Sequence[int], seed: int, injected: bool = False, slots: int = SLOTS
) -> list[RatedQuestion]:
    """Simulate questions whose answers form a few clusters of quality, so that many are nearly tied.

    Answer lengths are lognormal with a median of 420 tokens of four characters; the numbers of copies are skewed.

    Args:
        count: number of questions.
        distinct: numbers of distinct answers, used in turn.
        seed: seed of all random numbers.
        injected: the worst answer of each question contains an instruction to the judge.
        slots: answers per question, copies included.
    """
    return [
        _simulated_question(
            np.random.default_rng([seed, index]), f"q{index}", distinct[index % len(distinct)], slots, injected, seed
        )
        for index in range(count)
    ]


def _simulated_question(
    rng: np.random.Generator, question_id: str, distinct: int, slots: int, injected: bool, seed: int
) -> RatedQuestion:
    centres = rng.normal(0, 1, rng.integers(3, 7))
    quality = centres[rng.integers(0, len(centres), distinct)] + rng.normal(0, 0.25, distinct)
    quality = _standardized(quality)
    tokens = np.clip(np.exp(rng.normal(math.log(420), 0.6, distinct)), 30, 2048)
    copies = np.ones(distinct, dtype=int)
    if distinct < slots:
        copies += rng.multinomial(slots - distinct, rng.dirichlet(np.full(distinct, 0.4)))
    worst = int(quality.argmin()) if injected else None
    texts = []
    for index in range(distinct):
        text = f"{question_id} answer {index}. " + (INJECTION if index == worst else "")
        texts.append(text + _prose(int(4 * tokens[index]) - len(text)))
    owners = rng.permutation(np.repeat(np.arange(distinct), copies))
    answers = tuple(AnswerView(f"{question_id}-{index:02}", texts[each]) for index, each in enumerate(owners))
    classes = tuple(
        tuple(answers[index].answer_id for index in np.flatnonzero(owners == each)) for each in range(distinct)
    )
    asked = AnsweredQuestion(question_id, f"Question {question_id}?", answers, None, seed)
    return RatedQuestion(asked=asked, classes=classes, quality=quality, injected=worst)


def _prose(characters: int) -> str:
    """Text made of words: screening searches every word of an answer."""
    return (_SENTENCE * (1 + max(0, characters) // len(_SENTENCE)))[: max(0, characters)]


def questions_from_file(path: Path, *, seed: int) -> list[RatedQuestion]:
    """Questions from rows ``{"question": str, "answers": [str, ...], "quality": [float, ...]}``.

    Questions whose answers are all equally good are left out: they cannot distinguish rankers.
    """
    questions = []
    for number, line in enumerate(path.read_text().splitlines()):
        if not line.strip():
            continue
        row = json.loads(line)
        if len(row["answers"]) != len(row["quality"]):
            raise SystemExit(
                f"{path}: line {number + 1} has {len(row['answers'])} answers and {len(row['quality'])} qualities"
            )
        views = tuple(AnswerView(f"q{number}-{index:02}", text) for index, text in enumerate(row["answers"]))
        by_id = {view.answer_id: float(each) for view, each in zip(views, row["quality"], strict=True)}
        classes = tuple(each.members for each in duplicate_classes([view for view in views if view.text.strip()]))
        quality = np.array([np.mean([by_id[member] for member in members]) for members in classes])
        if len(classes) < 2 or quality.std() < 1e-9:
            continue
        asked = AnsweredQuestion(f"q{number}", row["question"], views, None, seed)
        questions.append(RatedQuestion(asked=asked, classes=classes, quality=_standardized(quality)))
    return questions


def quality_of(questions: Sequence[RatedQuestion]) -> Quality:
    """The latent quality of an answer, as the simulated judge queries it."""
    known = {
        member: float(quality)
        for question in questions
        for members, quality in zip(question.classes, question.quality, strict=True)
        for member in members
    }

    def quality(_request: JudgeRequest, answer: AnswerView) -> float:
        return known[answer.answer_id]

    return quality


def _standardized(quality: np.ndarray) -> np.ndarray:
    return (quality - quality.mean()) / (quality.std() + 1e-9)
