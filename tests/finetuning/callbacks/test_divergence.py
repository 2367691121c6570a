import json
import math

import pytest

from thoughtrank.errors import UserError
from thoughtrank.finetuning.callbacks.divergence import has_diverged, stop_diverged


@pytest.mark.parametrize(
    ("loss", "norm", "expected"),
    [
        (2.0, 1.0, False),
        (2.0, None, False),
        (math.nan, 1.0, True),
        (2.0, math.inf, True),
        (1.9 * math.log(1000), 1.0, False),
        (2.1 * math.log(1000), 1.0, True),
    ],
)
def test_a_training_has_diverged_when_it_is_much_worse_than_guessing_or_not_finite(loss, norm, expected):
    assert has_diverged(loss=loss, gradient_norm=norm, vocabulary=1000) == expected


def test_the_step_is_saved_once_and_the_error_names_the_file(tmp_path):
    for write in (False, True):
        with pytest.raises(UserError, match="training diverged in step 7: loss nan") as caught:
            stop_diverged(tmp_path, step=7, loss=math.nan, gradient_norm=2.0, question_ids=["q1", "q2"], write=write)
        path = tmp_path / "_bad_step.json"
        assert path.exists() == write
        assert str(path) in str(caught.value)
    assert json.loads(path.read_text()) == {
        "step": 7,
        "loss": "nan",
        "gradient_norm": "2.0",
        "question_ids": ["q1", "q2"],
    }
