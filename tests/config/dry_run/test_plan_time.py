"""How long a plan says that a run takes, and on what."""

import json
import re

from plan_lines import numbers, plan

from thoughtrank.data.import_candidates import import_files


def test_more_arms_take_more_time():
    def minutes(arms):
        return numbers(plan("questions.held_out=200", "controls=[]", f"evaluation.arms=[{arms}]")["time"])[0]

    assert minutes("thought") < minutes("thought,answer_at_once") < minutes("thought,room_to_reason")


def test_the_time_grows_with_the_rounds_and_is_less_on_a_gpu(monkeypatch):
    monkeypatch.setattr("thoughtrank.config.dry_run.machine_rates.likely_multiplies_bf16", lambda: True)

    def minutes(*overrides):
        line = plan("controls=[]", *overrides)["time"].replace("very roughly a minute", "very roughly 1 minutes")
        number, unit = re.search(r"very roughly (\d+) (minutes|hours)", line).groups()
        return int(number) * {"minutes": 1, "hours": 60}[unit]

    assert minutes("rounds=20", "engine.device=cpu") > minutes("rounds=2", "engine.device=cpu")
    assert minutes("engine.device=cuda") < minutes("engine.device=cpu")


def test_until_a_stage_the_time_is_that_of_one_round_and_shorter_where_the_base_model_is_measured():
    def minutes(first_round):
        line = plan("stop_after=ranking", first_round=first_round)["time"]
        return [int(each) for each in re.findall(r"(\d+) minutes (?:until it stops|in all)", line)][-2:]

    first, whole = minutes(0)
    second, same = minutes(1)
    assert second < first < whole == same
    assert minutes(5)[-1] == whole
    assert "until it stops" not in plan()["time"]


def test_the_controls_are_part_of_the_total():
    with_controls, without = (plan(controls)["time"] for controls in ("controls=[answers_only]", "controls=[]"))
    assert re.search(r"of training, \d+ minutes of controls\) on this", with_controls)
    assert "controls" not in without
    assert numbers(with_controls)[0] > numbers(without)[0]


def test_servers_generate_elsewhere_and_their_models_are_served_by_hand():
    served = ("engine=openai", "engine.base_urls=[http://localhost:1/v1]", "strategy.accelerator=cpu")
    lines = plan(*served)
    assert "if the servers generate as fast as one H100, and on this cpu for training, at" in lines["time"]
    assert "engine.load_command is null, so each round's model has to be served by hand" in lines["note"]
    assert "note" not in plan(*served, "engine.load_command=[sh,serve.sh]")


def test_imported_candidates_are_counted_in_round_1_and_not_generated(tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [{"question": f"{number % 2}?", "thought": "a", "answer": f"{number}"} for number in range(4)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_files(files=[file], folder=tmp_path / "imported")
    imported = f"candidates={tmp_path}/imported"
    lines = plan(imported, "rounds=2")
    assert "round 1 ranks 4 candidates of 2 questions" in lines["candidates"]
    assert "at most 4 in round 1 (2 questions), then 2,480 per later round (40 questions), in nats" in lines["gains"]
    assert numbers(lines["time"])[0] < numbers(plan("rounds=2")["time"])[0]
    assert "at most 4 in round 1 (2 questions), in nats" in plan(imported, "rounds=1")["gains"]


def test_a_model_for_another_machine_is_planned_on_an_h100_and_a_priced_machine_in_dollars():
    overrides = ("experiment=llama3.2_3b_cot", "engine.device=cpu", "dollars_per_hour=0.5")
    lines = plan(*overrides)
    assert "at $0.50 per hour" in lines["time"]
    assert re.search(r"on one H100 80 GB \d hours, about \$1\d\.\d\d at \$3\.00 per hour", lines["on"])
    assert "$" not in plan("engine.device=cpu")["time"]
