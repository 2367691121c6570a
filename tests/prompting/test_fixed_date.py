from datetime import datetime

import pytest
from transformers import AutoTokenizer

from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.fixed_date import DEFAULT_DATE, date_faults, reads_the_clock, with_fixed_date

BODY = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA = (
    "{%- if not date_string is defined %}\n"
    "    {%- if strftime_now is defined %}\n"
    '        {%- set date_string = strftime_now("%d %b %Y") %}\n'
    "    {%- else %}\n"
    '        {%- set date_string = "26 Jul 2024" %}\n'
    "    {%- endif %}\n"
    "{%- endif %}\n"
    "{{- 'Today Date: ' + date_string + '\\n\\n' }}\n"
)
"""How the templates of Llama 3.1 and 3.2 Instruct begin."""

IN_A_MACRO = "{%- macro system() %}It is {{ strftime_now('%A, %-d %B %y') }}.{% endmacro %}\n{{- system() }}\n"
MESSAGES = [{"role": "user", "content": "Which day is it?"}]


@pytest.fixture
def tokenizer(tiny_folder):
    return AutoTokenizer.from_pretrained(tiny_folder)


@pytest.fixture
def clock(monkeypatch):
    """Sets the clock that templates read."""

    def set_to(*moment):
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return cls(*moment)

        monkeypatch.setattr("transformers.utils.chat_template_utils.datetime", Clock)

    return set_to


def rendered(tokenizer, template):
    return tokenizer.apply_chat_template(MESSAGES, chat_template=template, tokenize=False)


def test_prompts_and_completions_stay_the_same_past_midnight(tokenizer, clock):
    tokenizer.chat_template = LLAMA + BODY
    texts = []
    for day in (1, 2):
        clock(2031, 5, day, 23, 59)
        chat = ChatTemplate(tokenizer)
        texts.append((chat.prompt("Why?"), chat.completion(thought="a", answer="b"), chat.conversation(MESSAGES)))
    assert texts[0] == texts[1]
    assert "Today Date: 26 Jul 2024\n\n" in texts[0][0]


def test_the_clock_of_the_test_is_the_one_that_templates_read(tokenizer, clock):
    clock(2031, 5, 1)
    assert "Today Date: 01 May 2031" in rendered(tokenizer, LLAMA + BODY)


@pytest.mark.parametrize(
    ("template", "text"),
    [(LLAMA, "Today Date: 03 Feb 2025\n\n"), (IN_A_MACRO, "It is Monday, 3 February 25.")],
    ids=["llama", "in a macro"],
)
def test_the_date_is_written_as_the_template_asks_for_and_the_rest_is_unchanged(tokenizer, clock, template, text):
    clock(2025, 2, 3)
    by_clock = rendered(tokenizer, template + BODY)
    clock(2031, 5, 1)
    assert rendered(tokenizer, with_fixed_date(template + BODY, fixed="2025-02-03")) == by_clock
    assert by_clock.startswith(text)


@pytest.mark.parametrize("start", ["", "\n", "  ", " {% if true %}\n", "text\n"])
def test_a_template_begins_as_it_did(tokenizer, clock, start):
    clock(2025, 2, 3)
    template = start + ("{% endif %}" if "if" in start else "") + LLAMA + BODY
    assert rendered(tokenizer, with_fixed_date(template, fixed="2025-02-03")) == rendered(tokenizer, template)


def test_a_fixed_date_can_be_replaced_by_another(tokenizer):
    first = with_fixed_date(LLAMA + BODY, fixed="2025-02-03")
    second = with_fixed_date(first, fixed="2020-12-24")
    assert second == with_fixed_date(LLAMA + BODY, fixed="2020-12-24")
    assert "24 Dec 2020" in rendered(tokenizer, second)


def test_a_template_without_a_date_is_left_alone():
    assert with_fixed_date(BODY, fixed=DEFAULT_DATE) == BODY


def test_only_a_template_without_a_fixed_date_reads_the_clock():
    fixed = with_fixed_date(LLAMA, fixed=DEFAULT_DATE)
    assert [reads_the_clock(each) for each in (LLAMA, fixed, BODY)] == [True, False, False]


@pytest.mark.parametrize("value", ["today", "2024-13-01", "26 Jul 2024", ""])
def test_what_is_no_date_is_a_fault_that_shows_one(value):
    [fault] = date_faults(value)
    assert fault.startswith(f"model.date={value}: ")
    assert "2024-07-26" in fault


def test_the_default_is_a_date():
    assert date_faults(DEFAULT_DATE) == []
