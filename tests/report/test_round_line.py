import pytest

from thoughtrank.report.round_line import round_line


def entry(number, *, accuracy, **more):
    bounds = {"accuracy_low": 0.366, "accuracy_high": 0.504} if accuracy is not None else {}
    return {
        "round": number,
        "accuracy": accuracy,
        **bounds,
        "thought_rate": 0.99,
        "examples": 128,
        "judge_cost": 0.0,
        "seconds": {"generation": 136.0, "training": 177.0, "evaluation": 47.0},
        **more,
    }


BASE = entry(0, accuracy=0.135, thought_rate=0.0, examples=0, seconds={"evaluation": 78.0})


def test_a_round_has_its_accuracy_with_interval_and_change_its_examples_and_its_time():
    line = "round 4: 43.5 % [37–50] right (+30.0 since round 0), thoughts in 99.0 %, 128 examples, 6 min"
    assert round_line(entry(4, accuracy=0.435), base=BASE) == line


def test_the_base_model_has_no_change_and_no_examples():
    assert round_line(BASE, base=BASE) == "round 0: 13.5 % [37–50] right, thoughts in 0.0 %, 78 s"


def test_a_loss_keeps_its_sign_and_a_paid_judge_its_cost():
    line = round_line(entry(1, accuracy=0.1, judge_cost=1.5), base=BASE)
    assert "(-3.5 since round 0)" in line
    assert "judge $1.50" in line
    unknown = round_line(entry(1, accuracy=0.1, judge_cost=None, judge_tokens=192_923), base=BASE)
    assert "judge 192,923 tokens of unknown price" in " ".join(unknown.split())


@pytest.mark.parametrize(
    ("win_rates", "expected"),
    [
        ({}, "round 2: thoughts in 99.0 %, 128 examples"),
        (
            {"thought_vs_round_0": {"win_rate": 0.615, "low": 0.55, "high": 0.68}},
            "round 2: preferred to round 0 in 61.5 % [55–68], thoughts in 99.0 %, 128 examples",
        ),
    ],
)
def test_without_reference_answers_there_is_a_win_rate_or_nothing(win_rates, expected):
    base = entry(0, accuracy=None)
    assert round_line(entry(2, accuracy=None, win_rates=win_rates), base=base).startswith(expected)


def test_a_line_fits_a_hundred_columns():
    long = entry(10, accuracy=1.0, examples=99_999, judge_cost=1234.5, seconds={"training": 86_400.0})
    assert max(map(len, round_line(long, base=BASE).splitlines())) <= 100
