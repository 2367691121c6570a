import difflib
import random
import re
from itertools import combinations

import pytest

from thoughtrank.questions.word_problems import arithmetic
from thoughtrank.questions.word_problems.families import GIRLS, Family, Noun, nouns
from thoughtrank.questions.word_problems.splits import TRAINED, UNSEEN

FAMILIES = {family.name: family for family in TRAINED + UNSEEN}


def family_of(*wordings, **slots):
    return Family(name="x", steps=1, arithmetic=arithmetic.SUM, wordings=wordings, slots=slots)


def test_nouns_have_regular_or_given_plurals():
    assert nouns("apple", "box/boxes") == (Noun("apple", "apples"), Noun("box", "boxes"))


def test_slots_fill_in_words_and_both_forms_of_a_noun():
    family = family_of("{a} {things}, {b} {thing}, {colour}", thing=nouns("box/boxes"), colour=("red",))
    assert family.text(numbers=(3, 4), rng=random.Random(0)) == "3 boxes, 4 box, red"


@pytest.mark.parametrize(("number", "words"), [(2, "twice half Half"), (3, "3 times a third A third")])
def test_the_second_number_can_be_written_in_words(number, words):
    assert family_of("{times} {fraction} {Fraction}").text(numbers=(9, number), rng=random.Random(0)) == words


def test_the_seed_decides_the_text_and_every_wording_can_be_sampled():
    family = family_of("one {name}", "two {town}", "three {friend}")
    texts = [family.text(numbers=(2, 3), rng=random.Random(seed)) for seed in range(60)]
    assert texts == [family.text(numbers=(2, 3), rng=random.Random(seed)) for seed in range(60)]
    assert {text.split()[0] for text in texts} == {"one", "two", "three"}
    assert family.text(numbers=(2, 3), rng=random.Random(0), wording=1).startswith("two ")


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_wordings_differ_in_more_than_a_word(family):
    for one, other in combinations(family.wordings, 2):
        assert difflib.SequenceMatcher(None, one.split(), other.split()).ratio() < 0.75, (one, other)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_wording_tells_every_number_once(family):
    numbers = (11, 4, 57)[: 3 if any("{c}" in wording or "{c:" in wording for wording in family.wordings) else 2]
    for index in range(len(family.wordings)):
        text = family.text(numbers=numbers, rng=random.Random(index), wording=index)
        found = [int(digits) for digits in re.findall(r"\d+", text)] + [4] * (family.name == "fraction_of")
        expected = [*numbers, 11] if family.name == "clock_time" else list(numbers)
        assert sorted(found) == sorted(expected), text


def test_the_first_person_of_a_text_gets_the_pronouns():
    rng = random.Random(0)
    wording = "{name} {She} {friend}"
    for _ in range(200):
        name, pronoun, friend = family_of(wording).text(numbers=(2, 3), rng=rng).split()
        assert pronoun == ("She" if name in GIRLS else "He")
        assert friend != name
