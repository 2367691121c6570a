"""Families of word problems: templates, and how they are filled with numbers, names and objects."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from thoughtrank.questions.word_problems.arithmetic import FRACTION_WORDS, Arithmetic, Numbers

GIRLS = (
    "Amina", "Beth", "Carla", "Dina", "Elif", "Fatou", "Grace", "Hana", "Irene", "Julia", "Keiko", "Lena", "Maya",
    "Nora", "Olga", "Priya", "Rosa", "Sofia", "Tara", "Uma", "Vera", "Wanda", "Yara", "Zoe",
)  # fmt: skip
BOYS = (
    "Adam", "Bilal", "Chen", "David", "Emil", "Felix", "George", "Hugo", "Ivan", "Jamal", "Kofi", "Liam", "Marco",
    "Noah", "Omar", "Pedro", "Ravi", "Sami", "Tom", "Umar", "Victor", "Wei", "Yusuf", "Zane",
)  # fmt: skip
TOWNS = (
    "Ashford", "Birkdale", "Corton", "Dunmore", "Eastvale", "Fernhill", "Glenbrook", "Harlow", "Kingsley",
    "Milltown", "Norwood", "Oakridge",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Noun:
    """A countable noun and its plural."""

    one: str
    many: str


def nouns(*words: str) -> tuple[Noun, ...]:
    """Nouns from ``"apple"`` (plural with s) or ``"box/boxes"`` (with an irregular plural)."""
    pairs = (word.split("/") if "/" in word else (word, word + "s") for word in words)
    return tuple(Noun(one, many) for one, many in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of situation, in several wordings.

    In a wording, ``{a} {b} {c}`` are the numbers; ``{name}`` is a child with the pronouns ``{she} {her} {him}`` (capitalised at
    the start of a sentence), ``{friend}`` another child, ``{town}`` a place; ``{times}`` and ``{fraction}`` are the second
    number in words. A slot of nouns named ``thing`` fills ``{thing}`` and ``{things}``.

    Attributes:
        name: unique; also the ``family`` of its questions.
        steps: number of calculations, 1 or 2.
        arithmetic: the possible numbers, and the answer.
        wordings: templates, at least five.
        slots: other words to sample, by name.
    """

    name: str
    steps: int
    arithmetic: Arithmetic
    wordings: tuple[str, ...]
    slots: Mapping[str, tuple[Noun | str, ...]] = field(default_factory=dict)

    def text(self, *, numbers: Numbers, rng: random.Random, wording: int | None = None) -> str:
        """The text of one problem; everything but the numbers is sampled.

        Args:
            numbers: the numbers of the problem, in the order of ``{a} {b} {c}``.
            rng: for the sampling.
            wording: index of the wording; None samples it.
        """
        template = rng.choice(self.wordings) if wording is None else self.wordings[wording]
        fields: dict[str, object] = {**_people(rng), "town": rng.choice(TOWNS)}
        for slot, choices in self.slots.items():
            choice = rng.choice(choices)
            if isinstance(choice, Noun):
                fields |= {slot: choice.one, slot + "s": choice.many}
            else:
                fields[slot] = choice
        return template.format(**fields, **_number_fields(numbers))


def _people(rng: random.Random) -> dict[str, object]:
    girl = rng.random() < 0.5
    name = rng.choice(GIRLS if girl else BOYS)
    friend = rng.choice([other for other in GIRLS + BOYS if other != name])
    she, her, him = ("she", "her", "her") if girl else ("he", "his", "him")
    return {
        "name": name,
        "friend": friend,
        "she": she,
        "She": she.capitalize(),
        "her": her,
        "Her": her.capitalize(),
        "him": him,
    }


def _number_fields(numbers: Numbers) -> dict[str, object]:
    second = numbers[1]
    fraction = FRACTION_WORDS.get(second, "")
    return {
        **dict(zip("abc", numbers, strict=False)),
        "times": "twice" if second == 2 else f"{second} times",
        "fraction": fraction,
        "Fraction": fraction.capitalize(),
    }
