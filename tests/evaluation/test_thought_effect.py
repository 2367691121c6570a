import pytest

from thoughtrank.evaluation.thought_effect import thought_effect, thought_effect_over_seeds


def outcomes(right, n=40, start=0):
    """The first ``right`` of ``n`` questions from ``start`` on are answered right."""
    return {f"q{number}": number - start < right for number in range(start, start + n)}


def effect(run, answers_only):
    return thought_effect(run, answers_only, problems={}, seed=0)


RUN = {"thought": outcomes(30), "own_thought": outcomes(36), "answer_at_once": outcomes(2)}


def control(thought, at_once):
    return {"thought": outcomes(thought), "answer_at_once": outcomes(at_once), "own_thought": outcomes(40)}


@pytest.mark.parametrize(
    ("copies", "pairs", "points", "against"),
    [
        pytest.param((20, 10), (20, 10), 25.0, "answers_only/copies thought", id="free replies are nearer"),
        pytest.param((10, 30), (10, 20), 15.0, "answers_only/copies answer_at_once", id="answers at once are nearer"),
        pytest.param((10, 10), (10, 34), 5.0, "answers_only/pairs answer_at_once", id="the better variant at once"),
        pytest.param((10, 34), (29, 10), 2.5, "answers_only/pairs thought", id="another variant is better when free"),
        pytest.param((34, 10), (10, 10), -10.0, "answers_only/copies thought", id="thoughts may harm"),
    ],
)
def test_it_is_the_smallest_difference_to_any_variant_in_either_reading(copies, pairs, points, against):
    found = effect(RUN, {"copies": control(*copies), "pairs": control(*pairs)})
    assert (found.points, found.against, found.n) == (pytest.approx(points), against, 40)
    assert found.low <= found.points <= found.high
    assert len(found.parts) == 4


def test_its_p_value_is_the_largest_so_that_every_comparison_has_to_show_it():
    found = effect(RUN, {"copies": control(29, 0), "pairs": control(0, 0)})
    assert found.p_value == max(part.difference.p_value for part in found.parts) == 1.0
    assert min(part.difference.p_value for part in found.parts) < 1e-6


def test_it_compares_the_same_questions_only():
    copies = {"thought": outcomes(10, n=30, start=10), "answer_at_once": outcomes(0)}
    found = effect(RUN, {"copies": copies})
    assert found.n == 30
    assert found.points == pytest.approx(100 * (20 - 10) / 30)


@pytest.mark.parametrize(
    ("run", "answers_only"),
    [
        pytest.param(RUN, {}, id="no control"),
        pytest.param({"thought": outcomes(3)}, {"copies": control(1, 1)}, id="no forced thoughts"),
        pytest.param(RUN, {"copies": {"thought": outcomes(3)}}, id="the control does not answer at once"),
        pytest.param(RUN, {"copies": control(1, 1), "pairs": {}}, id="a variant is missing"),
        pytest.param({"thought": {}, "own_thought": {}}, {"copies": control(1, 1)}, id="no reference answers"),
    ],
)
def test_there_is_none_where_a_reading_is_missing(run, answers_only):
    assert effect(run, answers_only) is None


def test_over_seeds_the_better_variant_is_the_same_for_all_and_the_p_value_holds_in_each():
    runs = [
        (RUN, {"copies": control(10, 0), "pairs": control(20, 0)}),
        ({**RUN, "thought": outcomes(24)}, {"copies": control(20, 0), "pairs": control(0, 0)}),
    ]
    found = thought_effect_over_seeds(runs, problems={}, seed=0)
    assert (found.points, found.n) == (pytest.approx(100 * (20 + 4) / 80), 80)
    assert found.against == "answers_only/copies thought"
    # Four questions are right with a thought only in the second run: p = 2 / 2^4.
    assert found.p_value == pytest.approx(2 / 16)


def test_over_seeds_there_is_none_where_one_run_has_none():
    runs = [(RUN, {"copies": control(10, 0)}), (RUN, {})]
    assert thought_effect_over_seeds(runs, problems={}, seed=0) is None
