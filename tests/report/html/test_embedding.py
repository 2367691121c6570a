import gzip
import hashlib
import json
from base64 import b64decode, b64encode

import pytest

from thoughtrank.report.html.embedding import (
    content_policy,
    data_element,
    escaped,
    json_text,
    packed_bytes,
    packed_text,
    script_json,
)


@pytest.mark.parametrize("text", ["</script>", "<!--", "a & b", "\u2028\u2029", "\ud800", "\x00", "ä€😀"])
def test_json_reads_back_and_cannot_end_its_element(text):
    embedded = script_json({"text": text})
    assert json.loads(embedded) == {"text": text}
    assert not set("<>&\u2028\u2029\ud800") & set(embedded)
    embedded.encode()


def test_json_without_a_form_is_refused():
    with pytest.raises(ValueError, match="Out of range float"):
        script_json([float("nan")])


def test_escaped_text_shows_what_would_act():
    assert escaped("<b>\"'&") == "&lt;b&gt;&quot;&#x27;&amp;"
    assert escaped("\u202e\x1b\u2028") == "\\u202e\\x1b\\u2028"


def test_packed_text_is_what_a_gzip_reader_expects_and_the_same_each_time():
    text = json_text(["</script>", "\ud800", "ä"] * 100)
    assert gzip.decompress(b64decode(packed_text(text))).decode() == text
    assert packed_text(text) == packed_text(text)
    assert len(packed_text(text)) < len(text) / 5
    assert gzip.decompress(b64decode(packed_bytes(b"\x00\xff"))) == b"\x00\xff"
    assert data_element("chunk-0", "abc") == '<script type="text/plain" id="chunk-0">abc</script>\n'


def test_the_policy_admits_only_these_scripts_and_styles():
    digest = b64encode(hashlib.sha256(b"let a = 1;").digest()).decode()
    policy = content_policy(scripts=["let a = 1;"], styles=[])
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
