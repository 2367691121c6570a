"""The wordings of all families, read through the source."""

import collections
import re
import string

from problem_texts import FAMILIES

from thoughtrank.questions.word_problems.families import BOYS, GIRLS


def pattern(template):
    pieces = string.Formatter().parse(template)
    return "".join(re.escape(literal) + ("" if field is None else ".+") for literal, field, _, _ in pieces)


def test_every_wording_is_reached_and_every_question_is_one_of_them(many):
    reached = collections.defaultdict(set)
    patterns = {name: [re.compile(pattern(each)) for each in family.wordings] for name, family in FAMILIES.items()}
    for question in many:
        hits = {index for index, each in enumerate(patterns[question.family]) if each.fullmatch(question.text)}
        assert hits, question.text
        reached[question.family] |= hits
    for name, family in FAMILIES.items():
        assert len(family.wordings) >= 5
        assert reached[name] == set(range(len(family.wordings))), name


def test_the_language_is_clean(many):
    for question in many:
        text = question.text
        assert text == text.strip()
        assert text.endswith(("?", "."))
        assert "  " not in text
        assert not re.search(r"[{}\n]|\ba [aeiou]|\ban (?!hour)[^aeiou]|\bNone\b", text), text
        assert question.family in ("clock_time", "elevator") or not re.search(r"\b[01]\b", text), text
        assert all(sentence[0].isupper() for sentence in re.split(r"[.?] ", text)), text
        assert text.count("?") <= 1


def test_pronouns_fit_somebody_in_the_text(many):
    for question in many:
        words = set(re.findall(r"\w+", question.text))
        if words & {"she", "She", "her", "Her"}:
            assert words & set(GIRLS), question.text
        if words & {"he", "He", "his", "His", "him"}:
            assert words & set(BOYS), question.text
