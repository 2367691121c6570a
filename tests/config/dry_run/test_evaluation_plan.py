from composing import composed

from thoughtrank.config.dry_run.evaluation_plan import arms_tokens, evaluation_line, evaluation_tokens, reply_limit_note
from thoughtrank.config.schema import load_config


def config(*overrides):
    return load_config(composed("rounds=2", "generation.thought_tokens=40", "evaluation.reply_tokens=100", *overrides))


def line_of(*arms, **questions):
    asked = {arm: questions.get(arm, 7) for arm in arms}
    return evaluation_line(config(f"evaluation.arms=[{','.join(arms)}]"), held_out=7, questions=asked)


def tokens_of(**questions):
    one = config(f"evaluation.arms=[{','.join(questions)}]")
    return evaluation_tokens(one, questions=questions, rounds=range(3))


def test_every_arm_is_named_with_the_most_tokens_of_a_question():
    line = line_of("thought", "answer_at_once", "own_thought", "best_of_n")
    assert line.startswith("7 held-out questions, rounds 0 to 2, in 3 arms (free reply, answer at once, own thought), ")
    assert "majority of n in rounds 0 and 2" in line
    # 100 of the free reply, 12 after the stem, and 40 of a thought that is forced open with 12 after it.
    assert line.endswith("at most 100 tokens per reply, 164 per question and round")


def test_replies_that_are_cut_before_a_candidate_would_be_are_noted():
    assert reply_limit_note(load_config(composed())) is None
    note = reply_limit_note(load_config(composed("generation=card")))
    assert "replies are cut at 128 tokens (evaluation.reply_tokens)" in note
    assert "candidates have up to 2,176: with evaluation.reply_tokens=null" in note
    assert reply_limit_note(load_config(composed("generation=card", "evaluation.reply_tokens=null"))) is None


def test_one_arm_has_no_list_of_rounds():
    line = line_of("thought")
    assert "in 1 arm (free reply); at most 100 tokens per reply, 100 per question" in line


def test_arms_without_a_question_are_named_and_neither_counted_nor_priced():
    line = line_of("thought", "answer_at_once", "edited_thought", edited_thought=0, answer_at_once=0)
    assert "in 1 arm (free reply); none has a reference answer for answer at once, edited thought; at most 100 " in line
    assert line.endswith(", 100 per question and round")
    assert tokens_of(thought=10, own_thought=0) == tokens_of(thought=10)
    assert tokens_of(thought=10, own_thought=5) < tokens_of(thought=10, own_thought=10)


def test_the_samples_of_the_first_and_last_round_cost_a_free_reply_each():
    prompts = 60
    asked = {"thought": 10, "answer_at_once": 10}
    assert tokens_of(**asked, best_of_n=10) - tokens_of(**asked) == 10 * 2 * (50 + prompts)


def test_only_the_rounds_that_are_asked_for_are_counted():
    questions = {"thought": 10, "own_thought": 10}
    one = config("evaluation.arms=[thought,own_thought]")
    base, first = (evaluation_tokens(one, questions=questions, rounds=[number]) for number in (0, 1))
    # The own thoughts of the base model are generated apart.
    assert base - first == 10 * 0.5 * 40
    assert evaluation_tokens(one, questions=questions, rounds=[]) == 0


def test_a_short_reply_costs_its_forced_thought_too():
    one = config()
    assert arms_tokens({"answer_at_once": 1}, one) == 60 + 6
    assert arms_tokens({"own_thought": 1}, one) == 60 + 20 + 6
    assert arms_tokens({"thought": 3, "room_to_reason": 3}, one) == 3 * (120 + 100)
    assert arms_tokens({"thought": 3, "answer_at_once": 1}, one) == 3 * (120 + 50) + 6
    assert arms_tokens({}, one) == 0
