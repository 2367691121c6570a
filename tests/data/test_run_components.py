"""Only component classes of this package are made from a run folder's config unasked."""

import pytest

from thoughtrank.data.run_components import run_component
from thoughtrank.errors import UserError
from thoughtrank.models.tiny import TinyModel

TINY = "thoughtrank.models.tiny.TinyModel"


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "thoughtrank.models.hub.Path",
        "thoughtrank.models.tiny",
        "thoughtrank.questions.question_file.QuestionFile",
        "thoughtrank.models_of_mine.Model",
        "thoughtrank.instantiate.make_component",
    ],
)
def test_what_is_no_class_of_the_group_is_refused(target):
    with pytest.raises(UserError, match="would import and run"):
        run_component({"_target_": target}, group="model", trust_code=False)


def test_a_target_inside_a_component_is_refused_too():
    with pytest.raises(UserError, match=r"os\.system"):
        run_component({"_target_": TINY, "x": [{"_target_": "os.system"}]}, group="model", trust_code=False)


def test_a_class_of_the_group_is_made(capsys):
    assert isinstance(run_component({"_target_": TINY}, group="model", trust_code=False), TinyModel)
    assert capsys.readouterr().out == ""
