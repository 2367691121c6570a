import json

import pytest
from chat_templates import FAMILIES

from thoughtrank.prompting.chat_template import PLAIN_TEMPLATE
from thoughtrank.prompting.template_syntax import template_fault

BROKEN = "{{ bos_token }}\n{% for m in messages %}{{ m.content }"
GENERATION = "{% for m in messages %}{% generation %}{{ m.content }}{%- endgeneration -%}{% break %}{% endfor %}"


def stated(folder, template):
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    return template_fault(folder)


@pytest.mark.parametrize(
    "template", [*(family.template for family in FAMILIES.values()), PLAIN_TEMPLATE, GENERATION, None, "", 3]
)
def test_templates_of_families_can_be_parsed(tmp_path, template):
    assert stated(tmp_path, template) is None


def test_a_broken_one_is_named_with_its_line_wherever_it_is(tmp_path):
    assert template_fault(tmp_path) is None
    fault = stated(tmp_path, BROKEN)
    assert fault.startswith("line 2 of its chat template cannot be parsed (")
    assert stated(tmp_path, [{"name": "tool_use", "template": ""}, {"name": "default", "template": BROKEN}]) == fault
    (tmp_path / "chat_template.jinja").write_text(PLAIN_TEMPLATE)
    assert template_fault(tmp_path) is None
    (tmp_path / "chat_template.jinja").write_text(BROKEN)
    assert template_fault(tmp_path) == fault
