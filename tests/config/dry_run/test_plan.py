import re
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from plan_lines import numbers, plan

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.judging.protocol import AnswerView

CONF = Path(__file__).parents[3] / "conf"


def test_the_plan_names_the_run_and_what_it_will_take():
    lines = plan("judge=gpt4", "rounds=3")
    assert lines.keys() >= {"run", "model", "generation", "ranking", "training", "evaluation", "disk", "time"}
    assert "mine: 3 rounds" in lines["run"]
    assert "rounds 0 to 3" in lines["evaluation"]
    assert "GB" in lines["disk"]
    assert "minutes" in lines["time"]


def test_the_plan_says_where_a_run_stops():
    assert "stops after the gains of the first unfinished round" in plan("stop_after=gains")["run"]
    assert "stops" not in plan()["run"]


def test_it_counts_the_candidates_and_the_most_tokens_they_can_take():
    line = plan("questions.train_per_round=10", "generation.thought_tokens=30", "generation.answer_tokens=70")[
        "generation"
    ]
    assert "10 questions x 62 prefixes = 620 candidates" in line
    assert "62,000 tokens" in line


def test_two_models_generate_twice_as_many_and_the_judge_reads_them_all():
    one, two = (plan("judge=gpt4", f"generation.models={models}") for models in ("[previous]", "[base,previous]"))
    assert "twice as many, by the base model" not in one["generation"]
    assert "twice as many, by the base model" in two["generation"]
    assert numbers(two["ranking"].partition("at most")[2])[0] > numbers(one["ranking"].partition("at most")[2])[0]


def test_prefixes_that_are_mined_later_are_counted_at_most():
    text = " ".join(plan("prefixes=[digits,mined]", "questions.train_per_round=10", "rounds=3").values())
    assert "10 questions x at most 62 prefixes = at most 620 candidates" in text
    later = "from round 2 on at most 32 openers of 2 words, mined from genuine thoughts of the rounds before"
    assert f"mined: 62 prefixes of prefixes.mined.fallback in round 1; {later}" in text
    assert "nothing is mined in a run of one round" in " ".join(plan("prefixes=mined", "rounds=1").values())
    assert "at most 94 prefixes" in plan("prefixes=[alnum,mined]")["generation"]


@pytest.mark.parametrize(
    ("visible", "strategy", "noted"),
    [
        (8, ["strategy.accelerator=cuda"], True),
        (8, ["strategy=deepspeed_zero2", "strategy.accelerator=cuda", "strategy.devices=4"], True),
        (8, ["strategy=deepspeed_zero2", "strategy.accelerator=cuda", "strategy.devices=8"], False),
        (1, ["strategy.accelerator=cuda"], False),
        (8, ["strategy.accelerator=cpu"], False),
    ],
)
def test_cuda_devices_that_training_leaves_idle_are_noted(visible, strategy, noted, monkeypatch):
    monkeypatch.setattr("thoughtrank.config.dry_run.plan.num_cuda_devices", lambda: visible)
    lines = plan(*strategy)
    assert ("note" in lines) == noted
    if noted:
        used = 4 if "strategy.devices=4" in strategy else 1
        assert f"8 CUDA devices are visible, and training uses {used} of them" in lines["note"]
        assert "strategy.devices=8" in lines["note"]


def test_a_screening_is_a_line_of_its_own_and_takes_time():
    lines = plan("questions.screen=4")
    assert "160 questions x 7 thoughts" in lines["screening"]
    assert "screening" not in plan()


def test_what_a_part_has_to_say_is_a_note():
    text = plan("objective.answer_loss_share=0.5", "questions.schedule=[{},{max_steps: 2}]")
    assert "about 50 % of the examples teach the thought only" in text["note"]


def test_it_counts_both_kinds_of_held_out_questions_and_the_longest_reply():
    line = plan("questions.held_out=30", "questions.held_out_unseen=12", "evaluation.reply_tokens=55")["evaluation"]
    assert "42 held-out questions" in line
    assert "55 tokens per reply" in line


def test_it_names_the_arms_and_those_of_the_first_and_the_last_round():
    line = plan("rounds=3", "evaluation.reply_tokens=55", "evaluation.arms=[thought,answer_at_once,best_of_n]")[
        "evaluation"
    ]
    assert "in 2 arms (free reply, answer at once), majority of n in rounds 0 and 3" in line
    assert "67 per question and round" in line


def test_it_names_the_kinds_of_the_reference_answers():
    line = plan("questions.held_out=30", "questions.held_out_unseen=12", "questions.development=5")["questions"]
    assert line == (
        "  questions   test: 30 questions (answers: 30 numbers); test of unseen families: 12 questions (answers: 12 numbers); "
        "development: 5 questions (answers: 5 numbers)"
    )


def test_a_judge_without_a_model_costs_nothing():
    line = plan("judge=reference")["ranking"]
    assert "ReferenceJudge" in line
    assert "no calls" in line
    assert "no money" in line


def test_gpt4_is_shown_with_its_calls_and_with_money():
    line = plan("judge=gpt4", "rounds=2")["ranking"]
    assert "gpt-4o" in line
    assert "judge calls" in line
    assert re.search(r"at most \$[\d,]+\.\d\d in all", line)


@pytest.mark.parametrize("prefixes", ["alnum", "lower", "digits"])
def test_the_judge_calls_are_no_fewer_than_the_ranker_plans_for_answers_that_all_differ(prefixes):
    overrides = ("judge=gpt4", f"prefixes={prefixes}", "questions.train_per_round=10")
    with initialize_config_dir(config_dir=str(CONF), version_base="1.3"):
        values = OmegaConf.to_container(compose("config", overrides=list(overrides)), resolve=True)
    components = make_components(load_config(values))
    answers = [AnswerView(str(index), f"answer {index}") for index in range(len(components.prefixes.prefixes()))]
    calls = 0
    for number in range(10):
        state = components.ranker.start(
            question_id=str(number), question="Why?", answers=answers, reference=None, seed=0, exact=False
        )
        calls += len(components.ranker.plan(state))
    [shown] = re.findall(r"at most ([\d,]+) judge calls", plan(*overrides)["ranking"])
    assert int(shown.replace(",", "")) >= calls


def test_the_money_grows_with_rounds_questions_and_price():
    def money(*overrides):
        return float(re.search(r"\$([\d,.]*\d)", plan("judge=gpt4", *overrides)["ranking"])[1].replace(",", ""))

    assert money("rounds=4") == pytest.approx(2 * money("rounds=2"), abs=0.02)
    small, large = (money(f"questions.train_per_round={count}") for count in (48, 480))
    assert large == pytest.approx(10 * small, rel=0.01)
    assert money("judge.price_per_million=[5.0,20.0]") == pytest.approx(2 * money(), abs=0.02)


def test_the_plan_says_how_old_its_prices_are_and_where_the_budget_ends():
    assert re.search(r"at the prices of 20\d\d-\d\d", plan("judge=gpt4")["ranking"])
    assert "at the prices of" not in plan("judge=gpt4", "judge.price_per_million=[1,2]")["ranking"]
    line = plan("judge=gpt4", "judge.budget=0.01")["ranking"]
    assert "never more than judge.budget=$0.01 (which may end it early)" in line
    assert "early" not in plan("judge=gpt4", "judge.budget=10000")["ranking"]


def test_the_audit_is_part_of_the_judge_calls():
    def calls(share):
        line = plan("judge=gpt4", f"judge.audit_share={share}")["ranking"]
        return int(re.search(r"at most ([\d,]+) judge calls", line)[1].replace(",", ""))

    assert calls(0.5) == pytest.approx(1.5 * calls(0), abs=1)


def test_a_judge_of_the_models_own_family_is_pointed_out():
    own = ("judge=openai", "judge.base_url=http://127.0.0.1/v1")
    assert "family smollm" in plan(*own, "judge.model=SmolLM2-1.7B-Instruct")["note"]
    assert "note" not in plan(*own, "judge.model=qwen-2.5")


def test_an_unknown_price_is_shown_and_not_taken_for_free():
    line = plan("judge=gpt4", "judge.model=unheard-of")["ranking"]
    assert "price unknown" in line
    assert "$" not in line


def test_the_disk_grows_with_the_rounds():
    assert numbers(plan("rounds=20")["disk"])[0] > numbers(plan("rounds=2")["disk"])[0]


def test_a_model_that_is_still_to_be_fetched_leaves_disk_and_time_open():
    lines = plan("model.name=organisation/model")
    assert "organisation/model" in lines["model"]
    for name in ("disk", "time"):
        assert "unknown until the model is downloaded" in lines[name]


def test_the_fewest_steps_are_shown_where_there_is_such_a_limit():
    assert "and at least 16 steps" in plan()["training"]
    assert "at least" not in plan("training.min_steps=0")["training"]


def test_the_plan_says_where_figures_are_logged(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert plan()["logging"] == "  logging     W&B project thoughtrank, WANDB_MODE=offline"
    both = plan("logger=[wandb,csv]", "logger.wandb.project=mine")["logging"]
    assert both.endswith("W&B project mine, WANDB_MODE=offline; CSV tables in the run folder")
    assert "TensorBoard, event files in tensorboard" in plan("logger=tensorboard")["logging"]
    assert "logging" not in plan("logger=none")


def test_choosing_what_was_cut_is_pointed_out():
    assert "note" not in plan()
    assert "allow_truncated" in plan("selection.allow_truncated=true")["note"]


@pytest.mark.parametrize(
    ("overrides", "shown"),
    [
        ([], "16 bytes per parameter (4 weights + 4 gradients + 8 optimizer state), 2.15 GB"),
        (
            ["training.weights=bf16_kahan"],
            "10 bytes per parameter (2 weights + 2 gradients + 4 optimizer state + 2 comp",
        ),
        (["training.weights=bf16"], "8 bytes per parameter"),
        (["optimizer=muon"], "12 bytes per parameter"),
    ],
)
def test_it_tells_what_a_parameter_costs_in_training(overrides, shown):
    assert shown in " ".join(plan(*overrides).values())


def test_the_published_recipe_is_planned_without_its_weights(tmp_path):
    questions = tmp_path / "train.jsonl"
    questions.write_text("\n".join(f'{{"question": "{number}?", "answer": "#### {number}"}}' for number in range(3000)))
    shown = plan("experiment=llama3.2_3b_cot", f"questions.name={questions}", "questions.held_out_split=null")
    assert "3212.7 M parameters" in shown["model"] or "3213 M parameters" in shown["model"]
    assert f"512 questions x 62 prefixes = {512 * 62:,} candidates" in shown["generation"]
    assert re.search(r"at most \$[\d,]+\.\d\d in all", shown["ranking"])
    assert "6.4 GB of weights and at most 7.5 GB of keys and values" in shown["memory"]
    assert "GB" in shown["disk"]
    assert "of training" in shown["time"]


def test_the_judge_calls_of_a_control_with_candidates_of_its_own_are_priced():
    def dollars(controls):
        line = plan("judge=gpt4", "rounds=2", f"controls={controls}")["ranking"]
        return float(re.search(r"at most \$([\d,.]+) in all", line)[1].replace(",", ""))

    assert dollars("[sampled_prefixes]") == pytest.approx(2 * dollars("[]"), abs=0.02)
