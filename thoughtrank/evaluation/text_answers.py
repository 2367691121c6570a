"""The rules by which letters, yes and no, and short texts are read from a reply."""

import re
import unicodedata

from thoughtrank.evaluation.answer_extraction import EDGES, claims, marked_claim
from thoughtrank.evaluation.answer_marks import after_box, boxed
from thoughtrank.evaluation.plain_text import plain
from thoughtrank.evaluation.reference_kinds import NO, YES

_CJK = "\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3"
"""Writing without spaces, which may stand right beside a letter."""
_END = rf"(?![^\W{_CJK}]|['’]\w)"
_LEAD_WORDS = (
    "so|thus|therefore|hence|it|it's|it’s|is|the|my|final|correct|right|best|answer|ans|solution|response|option|choice|letter|"
    "indeed|clearly|definitely|probably|most likely|here|i|i'd|i’d|say|believe|think|should|would|must|be"
)
_LEAD = rf"[\W_]*(?:(?:{_LEAD_WORDS})\b[\W_]*?)*"
_EXPLAINS = r"because|since|as|is|would|which|with|for|by|due|from|and (?:the|not)|seems|looks|fits|matches|has|in"
_CLAIMED_LETTER = re.compile(
    rf"(?i:{_LEAD})[\s*_\"'`“‘$]*(?:[(\[{{](?P<bracket>[A-Za-z])[)\]}}]"
    rf"|(?P<upper>[B-HJ-Z]|[AI](?=\s*$|[^\w\s'’]|[{_CJK}]|\s+(?:{_EXPLAINS})\b|\s+[^a-z\s])){_END}(?!-[A-Za-z])"
    rf"|(?P<lower>[a-z])(?=\)|[.:]\s+\S|[\s.*]*\Z))"
)
_ANOTHER_LETTER = re.compile(
    r"[\s)\]}*.,]*(?:[,/&、或和]|\b(?:or|and|nor|oder|und|ou|et|o(?!['’]))\b)\s*(?:also\s+)?(?:(?:option|choice|maybe|possibly|perhaps|both)\s+)*"
    r"[*(\[]*([A-Z])(?![\w'’])"
)
_REFUTED = re.compile(
    r"[\s)\]}*.,]*(?:\b(?:is|seems|looks|would be|can be|must be)\b\s+)?"
    r"(?:\b(?:not|wrong|incorrect|false|ruled out|excluded|eliminated)\b|isn['’]t)"
)
_CONCLUDES = (
    r"(?:so|thus|therefore|hence),?(?:\s+(?:it|this|that|the\s+(?:only\s+)?(?:answer|option|choice|one)))?"
    r"(?:['’]s|\s+(?:is|has to be|must be))?"
    r"|(?:correct|right)(?:\s+(?:one|option|choice))?\s*[:=]"
    r"|leav(?:es|ing)(?:\s+(?:us\s+with|only|just))*|matches(?:\s+with)?|corresponds\s+to|points\s+to|looks\s+like"
    r"|(?:only|best)\s+(?:one|option|choice|answer|statement)\b[^.,;\n]{0,60}\b(?:is|must be)"
)
_ENDS_SENTENCE = r"(?=[)\]}*_\"'`’$]*\s*(?:\Z|\n|[.,;:!](?!\w)|(?:because|since|as)\b))"
_NOT_BUT = re.compile(r"\A\W*not\b[^.\n]{0,80}?\b(?:but|rather)\b", re.IGNORECASE)
_NAMED_LETTER = re.compile(
    r"\b(?i:(?P<negated>not\s+|n['’]t\s+)?"
    r"(?:(?:i\s+)?(?:choose|chose|pick|select|opt for|go with|going with|went with|would say)|option|choice|letter)"
    r"(?:\s+(?:is|the|option|choice|answer|letter))*)\s*:?[\s*(\[\"'`]*(?P<letter>[A-Z])(?![\w'’])"
    rf"|(?<![不别])(?:选项|選項|选择|選擇|选|選)[是为為]?\s*:?[\s*(\[]*(?P<chosen>[A-Z]){_END}"
    r"|(?<![\w'’])[(\[*]*(?P<before>[B-HJ-Z]|A)[)\]*.]*\s+(?:is|would be|must be|seems)\s+(?:the\s+)?(?:most\s+|only\s+)?"
    r"(?:correct|right|best|true|answer|accurate|likely|option|choice|one\s+(?:that|which|left))"
    rf"|\b(?i:{_CONCLUDES})[\s*_\"'`$(\[]*(?P<concluded>[B-HJ-Z]|A){_ENDS_SENTENCE}"
)
_LINE_LETTER = re.compile(r"[\s*_\"'`>#-]*(?:\(([A-Za-z])\)|([A-Z])(?=[):.,;*]|\s*$|\s+(?:because|since|as|[-–—])\s))")

_YES = r"yes|yeah|yep|true"
_NO = (
    r"(?:absolutely|certainly|clearly|definitely|of course|probably|surely) not|not (?:really|at all)"
    r"|no(?!\s+(?:doubt|question|idea|one|answer|matter|longer|more)\b|-\w)|nope|not true|false"
)
_TRUTH_LEAD = (
    "a|clear|so|thus|therefore|hence|well|in|short|it|it's|it’s|that|that's|this|is|the|statement|claim|indeed|definitely|certainly|"
    "clearly|i|i'd|i’d|think|believe|would|say|final|correct|answer"
)
_TRUTH = re.compile(
    rf"[\W_]*(?:(?:{_TRUTH_LEAD})\b[\W_]*?)*(?:(?P<no>not false|{_NO})|(?P<yes>{_YES}))\b(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OTHER_TRUTH = re.compile(
    r"\s*(?:or|and|/|,)\s*(?:(?:or|and|but|also|maybe|perhaps|possibly)\s+)*(?P<truth>yes|no|true|false|maybe)\b",
    re.IGNORECASE,
)

_TRUE_THAT_NOT = re.compile(
    r"\W*(?:it|it['’]s|that|this|is|\s)*\b(?:true|false)\s+that\b[^.\n]*(?:\bnot\b|n['’]t\b)", re.IGNORECASE
)
"""What is denied inside a clause decides nothing."""

_ARTICLE = re.compile(r"(?:(?:so|thus|therefore|hence|it is|it's|it’s|they are|the|an?)\b[,:\s]+)+(?=\S)")
_RATIO = re.compile(r"[0-9]+ ?: ?[0-9]+")
_RATIO_SIGN = re.compile(r"(?<=[0-9])\s*(?::|\bto\b)\s*(?=[0-9])")
_CLOCK = re.compile(r"(?<=[0-9])\s*([ap])\.?\s?m\b\.?")
_AFTER_TEXT = re.compile(
    r"\.?\s*(?:\(|[—–:]\s|-\s|,?\s*(?:because|since|as|for|which|who|where|that is|so|due to)\b"
    r"|,\s*(?:the|an?|and not|not)\b|\.\s)"
    r"|\s+(?:is|was|would be)\s+(?:the\s+)?(?:final\s+)?(?:correct|right|answer)"
)
_REASON = re.compile(r"[)\]}\"'”’.*`]*,?\s+(?:because|since|as|due to)\b")
_CLOSING = ")]}\"'”’*`"
"""At the end of a text, where ``bare`` leaves them out."""


def stated_letters(reply: str) -> set[str]:
    """The letters that a reply states as its answer, in upper case; more than one is a hedge, none is no answer.

    The boxed or marked letter counts, or one that is marked after a box without any; else the last that is named as an option,
    or called correct; else one that the last or the first line opens with.
    """
    claim = marked_claim(reply)
    if claim is not None and (found := _claimed_letters(claim)):
        return found
    if boxed(reply) is not None:
        rest = after_box(reply)
        return set() if marked_claim(rest) is None else stated_letters(rest)
    text = plain(reply)
    named = [
        match
        for match in _NAMED_LETTER.finditer(text)
        if not match["negated"] and (match["before"] or not _REFUTED.match(text, match.end()))
    ]
    if named:
        letter = named[-1]["letter"] or named[-1]["chosen"] or named[-1]["concluded"] or named[-1]["before"]
        return {letter} | _others(text, named[-1].end())
    lines = [line for line in text.splitlines() if line.strip()]
    opened = {match[1] or match[2] for line in lines if (match := _LINE_LETTER.match(line))}
    if len(opened) > 1:  # the options are repeated
        return _claimed_letters(lines[-1]) if re.fullmatch(r"\W*[A-Za-z]\W*", lines[-1]) else set()
    for line in lines[-1:] + lines[:1]:
        if found := _claimed_letters(line):
            return found
    return set()


def _claimed_letters(claim: str) -> set[str]:
    claim = _NOT_BUT.sub("", claim)
    match = _CLAIMED_LETTER.match(claim)
    if match is None or _REFUTED.match(claim, match.end()):
        return set()
    letter = next(filter(None, match.groups())).upper()
    return {letter} | _others(claim, match.end())


def _others(text: str, start: int) -> set[str]:
    found = set()
    while (match := _ANOTHER_LETTER.match(text, start)) is not None:
        found.add(match[1])
        start = match.end()
    return found


def states_option(reply: str, option: str) -> bool:
    """Whether a reply states the text of an option, without any letter."""
    return (
        option != "" and not stated_letters(reply) and any(is_same_text(each, plain(option)) for each in claims(reply))
    )


def truth_of(text: str) -> bool | None:
    """True for yes and true, False for no and false; None for anything else, and for both."""
    match = _TRUTH.match(text)
    if match is None or _TRUE_THAT_NOT.match(text):
        return None
    truth = match["no"] is None or match["no"].casefold() == "not false"
    other = _OTHER_TRUTH.match(match["rest"])
    return truth if other is None or other["truth"].casefold() in (YES if truth else NO) else None


def stated_truth(reply: str) -> bool | None:
    """Yes or no, as a reply states it; None where it states neither, or both.

    The boxed or marked answer counts, or one that is marked after a box with neither; else the last line and the first
    word, which have to agree.
    """
    claim = marked_claim(reply)
    if claim is not None and (truth := truth_of(claim)) is not None:
        return truth
    if boxed(reply) is not None:
        rest = after_box(reply)
        return None if marked_claim(rest) is None else stated_truth(rest)
    lines = [line for line in plain(reply).splitlines() if line.strip()]
    found = {truth for truth in map(truth_of, lines[:1] + lines[-1:]) if truth is not None}
    return found.pop() if len(found) == 1 else None


def bare(text: str) -> str:
    """The text without case, runs of spaces, and punctuation at its ends."""
    spaced = " ".join(unicodedata.normalize("NFC", plain(text)).casefold().split())
    return spaced.strip(EDGES) or spaced


def is_same_text(claim: str, wanted: str) -> bool:
    """Whether a claim is a text, up to case, articles and what explains it afterwards."""
    expected, given = _normal(wanted), _normal(claim)
    if _RATIO.fullmatch(expected):
        expected, given = (_RATIO_SIGN.sub(":", each) for each in (expected, given))
    return expected != "" and (given == expected or _explains(given, expected))


def _normal(text: str) -> str:
    return _CLOCK.sub(r" \1m", _without_article(bare(text)))


def _without_article(text: str) -> str:
    article = _ARTICLE.match(text)
    return text[article.end() :] if article else text


def is_free_text(claim: str, wanted: str) -> bool:
    """Whether a claim is a text word for word, up to case and a reason after it."""
    expected, given = bare(wanted), bare(claim)
    if given == expected:
        return expected != ""
    return given.startswith(expected) and _REASON.match(given, len(expected)) is not None


def _explains(claim: str, expected: str) -> bool:
    rest = claim.removeprefix(expected)
    return rest != claim and _AFTER_TEXT.match(rest.lstrip(_CLOSING)) is not None
