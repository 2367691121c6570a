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
"""Different answers among the slots, 20 on average."""

_SENTENCE = "The second part is then 12 more than the first one, so we add both of them and compare. "


@dataclass(frozen=True)
class World:
    """One question.

    Attributes:
        asked: the question with all its answers.
        classes: answer ids of each different answer.
        quality: of each different answer, in standard deviations around their mean, shape (classes,).
        injected: the class whose answer carries an instruction to the judge, or None.
    """

    asked: AnsweredQuestion
    classes: tuple[tuple[str, ...], ...]
    quality: np.ndarray
    injected: int | None = None


def simulated_worlds(
    *, count: int, distinct: Sequence[int], seed: int, injected: bool = False, slots: int = SLOTS
) -> list[World]:
    """Questions whose answers come in a few clusters of quality, so that many are nearly tied.

    Lengths are lognormal with a median of 420 tokens, a token taken for four characters; the numbers of copies are skewed.

    Args:
        count: questions.
        distinct: numbers of different answers, taken in turns.
        seed: of everything.
        injected: the worst answer of each question carries an instruction to the judge.
        slots: answers per question, copies included.
    """
    return [
        _world(
            np.random.default_rng([seed, index]), f"q{index}", distinct[index % len(distinct)], slots, injected, seed
        )
        for index in range(count)
    ]


def _world(rng: np.random.Generator, question_id: str, distinct: int, slots: int, injected: bool, seed: int) -> World:
    centres = rng.normal(0, 1, rng.integers(3, 7))
    quality = centres[rng.integers(0, len(centres), distinct)] + rng.normal(0, 0.25, distinct)
    quality = _standardised(quality)
    tokens = np.clip(np.exp(rng.normal(math.log(420), 0.6, distinct)), 30, 2048)
    copies = np.ones(distinct, dtype=int)
    if distinct < slots:
        copies += rng.multinomial(slots - distinct, rng.dirichlet(np.full(distinct, 0.4)))
    worst = int(quality.argmin()) if injected else None
    texts = []
    for index in range(distinct):
        text = f"{question_id} answer {index}. " + (INJECTION if index == worst else "")
        texts.append(text + _prose(int(4 * tokens[index]) - len(text)))
    places = rng.permutation(np.repeat(np.arange(distinct), copies))
    answers = tuple(AnswerView(f"{question_id}-{place:02}", texts[each]) for place, each in enumerate(places))
    classes = tuple(
        tuple(answers[place].answer_id for place in np.flatnonzero(places == each)) for each in range(distinct)
    )
    asked = AnsweredQuestion(question_id, f"Question {question_id}?", answers, None, seed)
    return World(asked=asked, classes=classes, quality=quality, injected=worst)


def _prose(characters: int) -> str:
    """Words, because what screens answers looks at every one of them."""
    return (_SENTENCE * (1 + max(0, characters) // len(_SENTENCE)))[: max(0, characters)]


def worlds_from_file(path: Path, *, seed: int) -> list[World]:
    """Questions from rows ``{"question": str, "answers": [str, ...], "quality": [float, ...]}``.

    Questions whose answers are all equally good are left out: no ranker can do anything about them.
    """
    worlds = []
    for number, line in enumerate(path.read_text().splitlines()):
        if not line.strip():
            continue
        row = json.loads(line)
        if len(row["answers"]) != len(row["quality"]):
            raise SystemExit(
                f"{path}: line {number + 1} has {len(row['answers'])} answers and {len(row['quality'])} qualities"
            )
        views = tuple(AnswerView(f"q{number}-{place:02}", text) for place, text in enumerate(row["answers"]))
        by_id = {view.answer_id: float(each) for view, each in zip(views, row["quality"], strict=True)}
        classes = tuple(each.members for each in duplicate_classes([view for view in views if view.text.strip()]))
        quality = np.array([np.mean([by_id[member] for member in members]) for members in classes])
        if len(classes) < 2 or quality.std() < 1e-9:
            continue
        asked = AnsweredQuestion(f"q{number}", row["question"], views, None, seed)
        worlds.append(World(asked=asked, classes=classes, quality=_standardised(quality)))
    return worlds


def quality_of(worlds: Sequence[World]) -> Quality:
    """What a simulated judge asks: the latent quality of an answer."""
    known = {
        member: float(quality)
        for world in worlds
        for members, quality in zip(world.classes, world.quality, strict=True)
        for member in members
    }

    def quality(_request: JudgeRequest, answer: AnswerView) -> float:
        return known[answer.answer_id]

    return quality


def _standardised(quality: np.ndarray) -> np.ndarray:
    return (quality - quality.mean()) / (quality.std() + 1e-9)
