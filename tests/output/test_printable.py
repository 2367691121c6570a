"""Text of models, servers and hubs cannot control a terminal, spoil a log, or mark up a model card."""

import json

import pytest

from thoughtrank.errors import UserError
from thoughtrank.http_api.error_text import one_line
from thoughtrank.judging.protocol import Verdict
from thoughtrank.output.printable import markdown_text, printable
from thoughtrank.storage.run_log import log_line
from thoughtrank.storage.run_paths import RunPaths

HOSTILE = "\x1b[2Jred\x07 \x9b31m\u202e \ud800"
SHOWN = "\\x1b[2Jred\\x07 \\x9b31m\\u202e \ufffd"


def test_control_characters_become_escapes_and_lone_surrogates_are_replaced():
    assert printable(HOSTILE) == SHOWN
    assert printable("a\tb\nc é 😀") == "a\tb\nc é 😀"


def test_errors_and_the_run_log_show_no_control_characters(tmp_path):
    assert UserError(HOSTILE).faults == (SHOWN,)
    assert one_line(HOSTILE, None) == SHOWN
    log_line(RunPaths(tmp_path), HOSTILE)
    assert (tmp_path / "run.log").read_text(encoding="utf-8").endswith(f"{SHOWN}\n")


def test_a_reason_with_half_a_character_can_be_stored_in_a_table():
    verdict = Verdict("error", reason=json.loads('"HTTP 400: \\ud800"'))
    assert verdict.reason == "HTTP 400: \ufffd"
    assert Verdict("ok").reason is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Qwen2.5_0.5b-it", "Qwen2.5_0.5b-it"),
        ("a\n\n# b", "a \\# b"),
        ("_a_ ~~b~~ $$c$$ @d ![e]", "\\_a\\_ \\~\\~b\\~\\~ \\$\\$c\\$\\$ \\@d \\!\\[e\\]"),
        ("see www.h.org", "see www\\.h.org"),
        ("<script>", "&lt;script&gt;"),
        ("[x](http://h) `c` | **d**", "\\[x\\](http\\://h) \\`c\\` \\| \\*\\*d\\*\\*"),
    ],
)
def test_markdown_is_shown_as_text(text, shown):
    assert markdown_text(text) == shown
