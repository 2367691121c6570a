import pytest

from thoughtrank.controls.result import ControlResult
from thoughtrank.evaluation.metrics import HeldOutReply, read_metrics
from thoughtrank.report.findings import control_entries, find, finding_scalars, readings
from thoughtrank.storage.tables import write_part

N = 20


def replies(**right):
    """For each arm the number of right replies, among ``N`` of trained families and one of an unseen one."""
    return [
        HeldOutReply(
            question_id=f"q{index}",
            family="others" if index == N else "sums",
            unseen=index == N,
            arm=arm,
            reply="7",
            answer="7",
            right=index < number,
            thought_well_formed=True,
            reply_tokens=3,
            reply_finish="stop",
            problem=f"p{index // 2}",
        )
        for arm, number in right.items()
        for index in range(N + 1)
    ]


@pytest.fixture
def table(tmp_path):
    def write(name, rows):
        (tmp_path / name).mkdir()
        write_part(tmp_path / name / "part-00000.parquet", rows, record_type=HeldOutReply)
        return tmp_path / name

    return write


@pytest.fixture
def control(table):
    def make(name, variant, *, examples=10, **right):
        rows = replies(**right)
        folder = table(f"{name}-{variant}", rows)
        metrics = {"round": 1, **read_metrics(rows)}
        training = {"steps": 6, "kept_step": 4 if variant == "pairs" else None}
        return ControlResult(
            name=name,
            variant=variant,
            round_number=1,
            metrics=metrics,
            replies=folder,
            examples=examples,
            training=training,
            seconds=1.23456,
        )

    return make


@pytest.fixture
def found(table, control):
    rounds = [table("zero", replies(thought=2)), table("one", replies(thought=18, own_thought=19, answer_at_once=1))]
    controls = [
        control("answers_only", "copies", thought=8, answer_at_once=5),
        control("answers_only", "pairs", thought=6, answer_at_once=7, examples=4),
        control("random_thoughts", None, thought=17),
    ]
    return find(rounds=rounds, controls=controls, seed=0)


def test_the_effect_is_read_from_the_replies_of_trained_families(found):
    effect = found["thought_effect"]
    assert (effect["points"], effect["n"], effect["against"]) == (50.0, N, "answers_only/copies thought")
    assert effect["low"] <= 50.0 <= effect["high"]
    assert effect.keys() == {"points", "low", "high", "p_value", "n", "against", "parts"}
    assert {part["against"]: part["points"] for part in effect["parts"]} == {
        "answers_only/copies answer_at_once": 70.0,
        "answers_only/pairs answer_at_once": 60.0,
        "answers_only/copies thought": 50.0,
        "answers_only/pairs thought": 60.0,
    }


def test_every_control_has_its_figures_and_both_variants_are_shown(found):
    entry = found["controls"]["answers_only"]
    assert (entry["variant"], entry["accuracy"], entry["n"], entry["examples"]) == ("copies", 0.4, N, 10)
    assert entry["low"] < 0.4 < entry["high"]
    pairs = entry["variants"]["pairs"]
    assert (pairs["accuracy"], pairs["examples"], pairs["steps"], pairs["kept_step"]) == (0.3, 4, 6, 4)
    assert pairs["arms"]["answer_at_once"]["accuracy"] == 0.35
    assert (entry["family_macro_accuracy"], pairs["family_macro_accuracy"]) == (0.4, 0.3)
    assert found["controls"]["random_thoughts"].keys() == pairs.keys()


def test_the_other_comparisons_have_corrected_p_values(found):
    rows = {(row["first"], row["second"]): row for row in found["comparisons"]}
    assert rows["round 1 thought", "round 0 thought"]["points"] == 80.0
    assert all(row["adjusted_p_value"] >= row["p_value"] for row in rows.values())
    assert ("round 1 thought", "random_thoughts thought") in rows


def test_without_controls_there_is_no_effect_and_the_rest_is_there(table):
    found = find(rounds=[table("zero", replies(thought=2)), table("one", replies(thought=9))], controls=[], seed=0)
    assert (found["thought_effect"], found["controls"]) == (None, {})
    assert len(found["comparisons"]) == 1
    assert finding_scalars(found) == {}


def test_replies_to_unseen_families_and_without_a_reference_are_no_outcomes(table):
    rows = [*replies(thought=3), *(reply for reply in replies(own_thought=3) if reply.unseen)]
    problems = {}
    assert readings(table("some", rows), problems=problems).keys() == {"thought"}
    assert problems["q0"] == problems["q1"] == "p0"
    assert len(problems) == N


def test_loggers_get_numbers_only(found):
    flat = finding_scalars(found)
    assert flat["thought_effect_points"] == 50.0
    assert flat["control_answers_only_pairs_answer_at_once"] == 0.35
    assert flat["control_random_thoughts_accuracy"] == flat["control_random_thoughts_family_macro_accuracy"] == 0.85
    assert all(value is None or isinstance(value, int | float) for value in flat.values())


def test_a_control_without_reference_answers_has_no_accuracy(control):
    made = control("answers_only", "copies", thought=1)
    made.metrics["accuracy"] = None
    assert control_entries([made])["answers_only"]["accuracy"] is None


def test_loggers_get_the_win_rates_of_controls():
    figures = {"win_rate": 0.4, "length_controlled": 0.45, "n": 12, "judge_cost": 0.5}
    entry = {"accuracy": None, "unseen_accuracy": None, "examples": 3, "steps": 6, "arms": {}}
    compared = {**entry, "win_rates": {"thought_vs_round_0": figures}}
    flat = finding_scalars({"thought_effect": None, "controls": {"random_thoughts": compared, "older": entry}})
    named = {
        name.removeprefix("control_random_thoughts_thought_vs_round_0_"): flat[name] for name in flat if "_vs_" in name
    }
    assert named == {"win_rate": 0.4, "length_controlled": 0.45, "n": 12}
