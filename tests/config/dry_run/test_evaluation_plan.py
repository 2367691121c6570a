from composing import composed

from thoughtrank.config.dry_run.evaluation_plan import arms_tokens, evaluation_line, evaluation_tokens
from thoughtrank.config.schema import load_config


def config(*overrides):
    return load_config(composed("rounds=2", "generation.thought_tokens=40", "evaluation.reply_tokens=100", *overrides))


def test_every_arm_is_named_with_the_most_tokens_of_a_question():
    line = evaluation_line(config("evaluation.arms=[thought,answer_at_once,own_thought,best_of_n]"), held_out=7)
    assert line.startswith("7 held-out questions, rounds 0 to 2, in 3 arms (free reply, answer at once, own thought), ")
    assert "majority of n in rounds 0 and 2" in line
    # 100 of the free reply, 12 after the stem, and 40 of a thought that is forced open with 12 after it.
    assert line.endswith("at most 100 tokens per reply, 164 per question and round")


def test_one_arm_has_no_list_of_rounds():
    line = evaluation_line(config("evaluation.arms=[thought]"), held_out=7)
    assert "in 1 arm (free reply); at most 100 tokens per reply, 100 per question" in line


def test_the_samples_of_the_first_and_last_round_cost_a_free_reply_each():
    without, more = (
        evaluation_tokens(config(f"evaluation.arms=[thought,answer_at_once{arm}]"), held_out=10)
        for arm in ("", ",best_of_n")
    )
    prompts = 60
    assert more - without == 10 * 2 * (50 + prompts)


def test_a_short_reply_costs_its_forced_thought_too():
    one = config()
    assert arms_tokens(["answer_at_once"], one) == 60 + 6
    assert arms_tokens(["own_thought"], one) == 60 + 20 + 6
    assert arms_tokens(["thought", "room_to_reason"], one) == 120 + 100
