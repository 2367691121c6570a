"""The texts of word problems as a reader sees them."""

import re

from thoughtrank.questions.word_problems.arithmetic import FRACTION_WORDS
from thoughtrank.questions.word_problems.source import WordProblems
from thoughtrank.questions.word_problems.splits import TRAINED, UNSEEN

FAMILIES = {family.name: family for family in TRAINED + UNSEEN}


def source(**overrides):
    return WordProblems(**{"seed": 0, "train_per_round": 48, "held_out": 200, "held_out_unseen": 80, **overrides})


def rounds_of(problems, count):
    return [question for number in range(1, count + 1) for question in problems.train(number)]


def shown(question):
    """The numbers that a reader finds in the text, in order; words for numbers count where the family uses them."""
    found = [int(digits) for digits in re.findall(r"\d+", question.text)]
    if question.family == "fraction_of":
        found += [k for k, word in FRACTION_WORDS.items() if re.search(rf"\b{word}\b", question.text, re.IGNORECASE)]
    if question.family == "times_as_many" and "twice" in question.text:
        found.append(2)
    return found
