import json
import re

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run import judge_plan
from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.dry_run.judge_plan import win_rate_faults
from thoughtrank.config.schema import load_config
from thoughtrank.data.import_candidates import import_files


def ranking_line(config, components):
    return judge_plan.ranking_line(config, components, scope=CommandScope.of_command(config, first=0))


def win_rate_lines(config, components):
    return judge_plan.win_rate_lines(config, components, scope=CommandScope.of_command(config, first=0))


@pytest.fixture
def planned(tmp_path):
    """A config whose questions have no reference answers, and its components."""
    rows = [json.dumps({"question": f"Why does the number {number} please you?"}) for number in range(12)]
    (tmp_path / "questions.jsonl").write_text("\n".join(rows))
    questions = ["questions=file", f"questions.path={tmp_path}/questions.jsonl", "questions.held_out=4"]
    questions += ["questions.train_per_round=2"]

    def plan(*overrides):
        config = load_config(composed("rounds=2", "model=tiny", "judge=gpt4", *questions, *overrides))
        return config, make_components(config)

    return plan


def test_the_comparisons_their_calls_and_their_price_are_stated(planned):
    [line] = win_rate_lines(*planned("controls=[]"))
    assert "gpt-4o compares replies to 4 test questions, blind and in both orders: " in line
    assert "free reply vs round 0 (rounds 1 to 2)" in line.replace("rounds 1 and 2", "rounds 1 to 2")
    assert "free reply vs empty thought (rounds 0 and 2)" in line
    assert "empty thought vs round 0 (round 2)" in line
    # 4 questions, 5 comparisons, 2 orders.
    config, components = planned("controls=[]")
    bound = components.judge.cost_bound(calls=40, answers_shown=80, answer_tokens=config.reply_tokens)
    assert f"at most {bound.calls} judge calls, at most ${bound.dollars:,.2f} in all" in line


def test_the_comparisons_of_controls_are_stated_and_priced(planned):
    config, components = planned("controls=[answers_only,random_candidates]")
    [line] = win_rate_lines(config, components)
    of_answers_only = "3 comparisons of control answers only"
    assert f"; {of_answers_only}, copies; {of_answers_only}, pairs; 1 comparison of control random candidates; " in line
    # 4 questions, 5 + 3 + 3 + 1 comparisons, 2 orders.
    bound = components.judge.cost_bound(calls=96, answers_shown=192, answer_tokens=config.reply_tokens)
    assert f"at most {bound.calls} judge calls, at most ${bound.dollars:,.2f} in all" in line


def test_the_budget_is_named(planned):
    assert "never more than judge.budget=$1.00" in win_rate_lines(*planned("judge.budget=1"))[0]


def test_a_judge_without_a_price_takes_no_money(planned):
    assert win_rate_lines(*planned("judge=fake"))[0].endswith("; offline, no calls, no money")


def test_nothing_is_stated_where_nothing_is_compared(planned):
    assert win_rate_lines(*planned("evaluation.win_rates=none")) == []
    with_answers = load_config(composed("judge=gpt4"))
    assert win_rate_lines(with_answers, make_components(with_answers)) == []


def test_all_questions_are_compared_where_that_is_wanted():
    config = load_config(composed("judge=gpt4", "evaluation.win_rates=all", "questions.held_out=30"))
    [line] = win_rate_lines(config, make_components(config))
    assert "compares replies to 30 test questions" in line


def test_a_judge_that_only_compares_with_references_cannot_compare_replies():
    for which, judge, faulty in (("all", "reference", True), ("auto", "reference", False), ("all", "gpt4", False)):
        config = load_config(composed(f"judge={judge}", f"evaluation.win_rates={which}"))
        assert bool(win_rate_faults(config, make_components(config))) == faulty


def test_an_offline_judge_takes_no_calls():
    config = load_config(composed("judge=reference"))
    assert ranking_line(config, make_components(config)) == "ReferenceJudge: offline, no calls, no money"


def test_a_command_that_stops_has_a_price_of_its_own(planned):
    def dollars(*overrides):
        line = ranking_line(*planned("rounds=4", *overrides))
        return [float(each.replace(",", "")) for each in re.findall(r"\$([\d,]+\.\d\d) (?:until|in all)", line)]

    [whole] = dollars()
    most, most_in_all, expected, expected_in_all = dollars("stop_after=ranking")
    assert most_in_all == whole
    assert most == pytest.approx(whole / 4, abs=0.01)
    assert expected == pytest.approx(expected_in_all / 4, abs=0.01)
    line = ranking_line(*planned("stop_after=generation"))
    assert "nothing until it stops and at most $" in line
    assert "nothing until it stops and about $" in line


def test_until_it_stops_only_the_base_model_is_compared(planned):
    config, components = planned("stop_after=ranking")
    [line] = win_rate_lines(config, components)
    # Of 4 questions: one comparison in round 0, in 2 orders.
    bound = components.judge.cost_bound(calls=8, answers_shown=16, answer_tokens=config.reply_tokens)
    assert f"at most ${bound.dollars:,.2f} until it stops and at most $" in line


@pytest.fixture
def imported(tmp_path):
    """Three candidates of one question."""
    file = tmp_path / "rows.jsonl"
    rows = [{"question": "Why?", "thought": "a", "answer": f"{number}"} for number in range(3)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_files(files=[file], folder=tmp_path / "imported")
    return f"candidates={tmp_path}/imported"


def test_imported_candidates_are_what_round_1_ranks(planned, imported):
    config, components = planned(imported, "controls=[]")
    work = components.ranker.max_work(3)
    few, many = (
        components.judge.cost_bound(
            calls=number * each.calls,
            answers_shown=number * each.answers_shown,
            answer_tokens=config.generation.answer_tokens,
        )
        for number, each in ((1, work), (2, components.ranker.max_work(62)))
    )
    line = ranking_line(config, components)
    assert (
        f": at most {few.calls} judge calls and {few.prompt_tokens + few.reply_tokens:,} tokens in round 1, then "
        in line
    )
    assert f"{many.calls} judge calls and {many.prompt_tokens + many.reply_tokens:,} tokens per later round, " in line
    assert f"at most ${few.dollars + many.dollars:,.2f} in all" in line
    only = ranking_line(*planned(imported, "controls=[]", "rounds=1"))
    assert f"tokens in round 1, at most ${few.dollars:,.2f} in all" in only
    assert "3 of 3 different" in only or "2 of 3 different" in only
