import math

import pytest

from thoughtrank.judging.openai.usage import CEILING, UsageMeter, fewest_reply_tokens, fewest_tokens
from thoughtrank.judging.protocol import Usage

SENT = "one two three four five"
MOST = Usage(100, 20)
PRICE = (2.0, 10.0)
BOUND = Usage(100, 20, pytest.approx(0.0004))


def settled(reported, *, meter=None, received="A > B"):
    meter = meter or UsageMeter("the judge m")
    return meter.settle(reported, sent=SENT, received=received, most=MOST, price=PRICE)


def counts(prompt, completion):
    return {"prompt_tokens": prompt, "completion_tokens": completion}


def test_a_plausible_usage_is_recorded_as_it_is_with_its_cost(capsys):
    assert settled(counts(50, 10)) == Usage(50, 10, pytest.approx(0.0002))
    assert settled(counts(5, 0), received="") == Usage(5, 0, pytest.approx(0.00001))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "reported",
    [
        *(None, 7, "50", [], {}, {"prompt_tokens": 50}, {"completion_tokens": 10}),
        *(counts(None, 10), counts(50, None), counts("50", "10"), counts(50.0, 10), counts(50, math.nan)),
        *(counts(True, 10), counts(50, True), counts(-50, 10), counts(50, -10), counts(-(10**400), 10)),
        *(counts(50, 0), counts(50, 1), counts(0, 10), counts(4, 10)),
    ],
)
def test_any_other_usage_is_settled_at_the_bound_with_one_warning(reported, capsys):
    meter = UsageMeter("the judge m")
    assert settled(reported, meter=meter) == settled(reported, meter=meter) == BOUND
    warning = capsys.readouterr().err
    assert warning.count("warning: the judge m reports no plausible usage") == warning.count("\n") == 1


def test_more_than_the_bound_is_recorded_with_a_warning_and_raises_later_bounds(capsys):
    meter = UsageMeter("the judge m")
    assert meter.bound(MOST, price=PRICE) == BOUND
    assert settled(counts(150, 60), meter=meter) == Usage(150, 60, pytest.approx(0.0009))
    assert "more prompt_tokens than its request allows" in capsys.readouterr().err
    assert meter.bound(MOST, price=PRICE) == Usage(150, 60, pytest.approx(0.0009))
    # What is not plausible now costs the higher bound.
    assert settled(None, meter=meter) == Usage(150, 60, pytest.approx(0.0009))
    # A later reply within the first bound lowers nothing.
    settled(counts(50, 10), meter=meter)
    assert meter.bound(Usage(200, 20), price=PRICE).prompt_tokens == 300


def test_the_bounds_of_another_process_are_taken_over_where_they_are_higher():
    meter, later = UsageMeter("the judge m"), UsageMeter("the judge m")
    assert meter.raised_bounds() == {}
    settled(counts(150, 60), meter=meter)
    assert meter.raised_bounds() == {"prompt_tokens": 1.5, "completion_tokens": 3.0}
    later.raise_bounds(meter.raised_bounds())
    later.raise_bounds({"prompt_tokens": 1.1, "unknown": 9.0})
    assert later.bound(MOST, price=PRICE) == meter.bound(MOST, price=PRICE) == Usage(150, 60, pytest.approx(0.0009))
    later.raise_bounds({"prompt_tokens": 1e9})
    assert later.raised_bounds()["prompt_tokens"] == CEILING


def test_nothing_is_recorded_above_the_ceiling():
    meter = UsageMeter("the judge m")
    assert settled(counts(10**400, 10**400), meter=meter) == meter.bound(MOST, price=PRICE)
    assert meter.bound(MOST, price=None) == Usage(100 * CEILING, 20 * CEILING)
    assert settled(counts(10**400, None)) == Usage(100 * CEILING, 20, pytest.approx(0.0202))


def test_a_text_has_a_token_for_every_word_and_more_for_long_ones():
    assert fewest_tokens("") == 0
    assert fewest_tokens("two words") == 2
    assert fewest_tokens("x" * 33) == 3


@pytest.mark.parametrize(
    ("text", "fewest"),
    [
        ("Yes, it is.", 5),
        ("don't (or won\u2019t) re-do it_all", 8),
        ("1234 and 12345", 4),
        ("3f2a9c81b0d4", 11),
        ("<<END ANSWER>>", 4),
        ("x = [[1], [2]]", 8),
        ("\u5982\u679c\u4e00\u4e2a\u6570\u662f\u5076\u6570", 2),
        ("\u0939\u093f\u0928\u094d\u0926\u0940 \u092d\u093e\u0937\u093e", 2),
        ("   \n\n ", 0),
    ],
    ids=["marks", "apostrophes", "numbers", "hexadecimal", "marker", "code", "unspaced", "vowel signs", "blank"],
)
def test_words_numbers_and_punctuation_share_no_token(text, fewest):
    assert fewest_tokens(text) == fewest


def test_a_server_may_leave_half_of_the_words_of_a_reply_uncounted():
    assert fewest_reply_tokens('{"ranking": [["B"], ["A"], ["C"]]}') == 2
    assert fewest_reply_tokens("") == 0


@pytest.mark.parametrize(
    ("reported", "completion"),
    [
        (counts(50, 10) | {"total_tokens": 90}, 40),
        (counts(50, 10) | {"total_tokens": 60}, 10),
        (counts(50, 10) | {"total_tokens": 5}, 10),
        (counts(50, 10) | {"completion_tokens_details": {"reasoning_tokens": 30}}, 40),
        (counts(50, 30) | {"completion_tokens_details": {"reasoning_tokens": 25}}, 30),
        (counts(50, 10) | {"total_tokens": None, "completion_tokens_details": None}, 10),
    ],
)
def test_reasoning_is_counted_also_where_only_the_total_has_it(reported, completion):
    assert settled(reported).completion_tokens == completion


def test_a_prompt_that_the_server_cut_draws_one_warning(capsys):
    meter, most = UsageMeter("the judge m"), Usage(prompt_tokens=90_000, completion_tokens=50)
    for count in (3000, 3000, 4096, 2048, 2047):
        meter.settle(counts(count, 10), sent="word " * 3000, received="A", most=most, price=None)
    warning = capsys.readouterr().err
    assert warning.count("counts 2048 prompt tokens where at least 3000 were sent: it may cut prompts") == 1
    assert warning.count("it may cut prompts") == 1
    assert "OLLAMA_CONTEXT_LENGTH" in warning
    assert "judge.context_tokens" in warning
