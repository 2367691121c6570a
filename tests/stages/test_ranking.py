from dataclasses import replace
from typing import ClassVar

import pytest

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.budget import BudgetReached
from thoughtrank.judging.execution.run_spending import RunSpending
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.judging.protocol import CallLimits, Usage, Verdict
from thoughtrank.judging.reference import ReferenceJudge
from thoughtrank.judging.screening import EMPTY, MALFORMED
from thoughtrank.judging.simulated import SimulatedJudge
from thoughtrank.rankers.listwise import Listwise
from thoughtrank.rankers.pointwise import Pointwise
from thoughtrank.records import Candidate, RankedCandidate, Turn
from thoughtrank.stages import ranking
from thoughtrank.stages.ranking import Ranking
from thoughtrank.storage.stage_reuse import Store
from thoughtrank.storage.tables import read_table

ANSWERS = {
    "q0": ["one", "two", "one", ""],
    "q1": ["three", "four", "five", "six"],
    "q2": ["seven"],
}


class PricedJudge(FakeJudge):
    """One cent per call."""

    exact = False

    def __init__(self):
        self.calls = 0

    def upper_bound(self, request):
        return Usage(cost=0.01)

    def judge(self, request):
        self.calls += 1
        verdict = super().judge(request)
        return Verdict("ok", groups=verdict.groups, usage=Usage(prompt_tokens=7, completion_tokens=2, cost=0.01))


def spending_of(store, limit=None):
    """Of an attempt that begins."""
    return RunSpending(limit=limit, store=store)


@pytest.fixture
def stage(store, candidates, questions):
    return Ranking(
        name="round 1 ranking",
        published=store.paths.rankings(1),
        questions=questions[:3],
        candidates=candidates(ANSWERS),
        judge=FakeJudge(),
        ranker=Listwise(),
        spending=spending_of(store),
        model_family=None,
        seed=0,
    )


def test_a_judge_sees_the_turns_before_a_question_and_no_thought(stage, store, questions):
    seen = []

    class Reader(PricedJudge):
        def judge(self, request):
            seen.append(request)
            return super().judge(request)

    context = (Turn("user", "What is 7 + 7?"), Turn("assistant", "14"))
    stage = replace(stage, judge=Reader(), questions=[replace(questions[0], context=context), *questions[1:3]])
    store.complete(stage)
    [first, *_] = [request for request in seen if request.question_id == "q0"]
    assert first.question == (
        "The question is the last turn of this conversation.\n\nUser: What is 7 + 7?\n\nAssistant: 14\n\nUser: What is 0 + 1?"
    )
    assert all("thought" not in f"{each.question}{each.answers}" for each in seen)


def test_a_table_that_was_deleted_is_ranked_again_from_the_verdicts_that_are_paid_for(stage, store):
    paying = replace(stage, judge=PricedJudge())
    artifact = store.complete(paying)
    rows, calls = read_table(artifact.published, RankedCandidate), paying.judge.calls
    for folder in (artifact.folder, artifact.published):
        (folder / "part-00000.parquet").unlink()
    again = replace(paying, spending=spending_of(store))
    assert read_table(store.complete(again).published, RankedCandidate) == rows
    assert paying.judge.calls == calls > 0
    assert again.spending.budget.spent == pytest.approx(0.01 * calls)


def test_there_is_one_row_per_candidate_in_the_order_of_the_candidates(stage, store):
    rows = read_table(store.complete(stage).published, RankedCandidate)
    assert [row.candidate_id for row in rows] == [
        f"{question_id}-{index:03d}" for question_id, answers in ANSWERS.items() for index in range(len(answers))
    ]
    assert [row.prefix for row in rows] == [*"abababab", "a"]


def test_equal_answers_share_a_rank_and_the_next_rank_counts_both(stage, store):
    rows = {row.candidate_id: row for row in read_table(store.complete(stage).folder, RankedCandidate)}
    one, two, again = (rows[f"q0-00{index}"].rank for index in range(3))
    assert (one, two, again) in ((1, 3, 1), (2, 1, 2))
    assert sorted(rows[f"q1-00{index}"].rank for index in range(4)) == [1, 2, 3, 4]
    assert rows["q2-000"].rank == 1


def test_an_empty_answer_is_unranked_with_its_reason_and_counted(stage, store):
    artifact = store.complete(stage)
    empty = next(row for row in read_table(artifact.folder, RankedCandidate) if row.candidate_id == "q0-003")
    assert (empty.rank, empty.reason) == (None, EMPTY)
    assert artifact.facts["unranked"] == {EMPTY: 1}


def test_an_exact_judge_is_not_audited_and_another_is(stage, store):
    assert store.complete(stage).facts["audit"] == {}
    simulated = replace(stage, judge=SimulatedJudge(), published=store.paths.rankings(2))
    assert store.complete(simulated).facts["audit"]["looks"] == 2


def test_the_audit_is_the_same_whatever_number_of_questions_is_ranked_together(stage, store, monkeypatch):
    audits = []
    for number, at_once in enumerate((256, 1), start=2):
        monkeypatch.setattr(ranking, "_QUESTIONS_AT_ONCE", at_once)
        monkeypatch.setattr(ranking, "_CALLS_AT_ONCE", at_once)
        judge = SimulatedJudge(malformed_share=0.0)
        judge.audit_share = 1.0
        judged = replace(stage, judge=judge, seed=1, published=store.paths.rankings(number))
        other = Store(run_folder=store.paths.folder, cache_folder=store.cache_folder / str(at_once))
        audits.append(other.complete(judged).facts["audit"])
    assert audits[0] == audits[1]
    assert (audits[0]["looks"], audits[0]["swap_pairs"]) == (2, 1 + 6)


def test_an_audit_that_the_budget_has_no_room_for_does_not_fail_the_ranking(stage, store):
    priced = PricedJudge()
    priced.audit_share = 1.0
    short = replace(stage, judge=priced, spending=spending_of(store, 0.035))
    facts = store.complete(short).facts
    assert (priced.calls, facts["audit"]["looks"]) == (3, 2)
    assert facts["audit"]["swap_pairs"] in (1, 6)


def test_what_a_round_has_learned_about_the_bounds_of_its_judge_reaches_a_run_that_reuses_it(stage, store):
    class Learning(PricedJudge):
        factors: ClassVar[dict[str, float]] = {}

        def raised_bounds(self):
            return self.factors

        def raise_bounds(self, factors):
            self.factors = {**self.factors, **factors}

    charged = Learning()
    charged.factors = {"completion_tokens": 3.0}
    store.complete(replace(stage, judge=charged))
    resumed = replace(stage, judge=Learning())
    store.complete(resumed)
    assert resumed.judge.factors == {"completion_tokens": 3.0}


def test_the_cost_of_the_judge_counts_against_the_budget_whether_made_or_reused(stage, store):
    priced = replace(stage, judge=PricedJudge(), spending=spending_of(store))
    facts = store.complete(priced).facts
    assert priced.spending.budget.spent == pytest.approx(facts["judge_cost"]) == pytest.approx(0.02)
    assert facts["judge_tokens"] == 18
    again = replace(priced, judge=PricedJudge(), spending=spending_of(store))
    store.complete(again)
    assert (again.judge.calls, again.spending.budget.spent) == (0, pytest.approx(0.02))


def test_reuse_counts_replies_that_were_lost_as_paid(stage, store):
    artifact = store.artifact(stage)
    with artifact.locked():
        artifact.finish(judge_cost=0.25, judge_lost_cost=0.5)
    stage.reuse(artifact)
    assert stage.spending.budget.spent == 0.75


def test_a_budget_that_is_reached_reports_the_ranked_questions_and_keeps_the_verdicts(stage, store):
    short = replace(stage, judge=PricedJudge(), spending=spending_of(store, 0.015))
    # The question with one answer needs no call.
    with pytest.raises(BudgetReached, match="round 1 ranking: 2 of 3 questions are ranked"):
        store.complete(short)
    assert short.judge.calls == 1
    resumed = replace(stage, judge=PricedJudge(), spending=spending_of(store, 0.025))
    assert store.complete(resumed).done
    assert (resumed.judge.calls, resumed.spending.budget.spent) == (1, pytest.approx(0.02))


def test_a_judge_that_fails_leaves_no_table(stage, store):
    class Down(FakeJudge):
        def judge(self, request):
            raise UserError("the server is down")

    down = replace(stage, judge=Down())
    with pytest.raises(UserError, match="the server is down"):
        store.complete(down)
    assert not store.artifact(down).done


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"judge": SimulatedJudge()}, {"ranker": Pointwise()}], ids=["seed", "judge", "ranker"]
)
def test_what_changes_the_ranking_changes_the_inputs(stage, change):
    assert replace(stage, **change).inputs() != stage.inputs()


def test_other_candidates_and_references_change_the_inputs(stage, candidates, questions):
    other = [replace(questions[0], answer="2"), *questions[1:3]]
    assert replace(stage, questions=other).inputs() != stage.inputs()
    assert replace(stage, candidates=candidates({"q0": ["one"]})).inputs() != stage.inputs()


def test_budget_and_limits_and_model_family_change_no_ranking(stage, store):
    patient = FakeJudge()
    patient.limits, patient.concurrency = CallLimits(budget=1.0), 7
    for change in ({"spending": spending_of(store, 3.0)}, {"model_family": "llama"}, {"judge": patient}):
        assert replace(stage, **change).inputs() == stage.inputs()


@pytest.mark.parametrize(
    "judge", [FakeJudge(), ReferenceJudge(), SimulatedJudge(), PricedJudge()], ids=lambda each: each.name
)
@pytest.mark.parametrize("finish", ["thought_finish", "answer_finish"])
def test_a_candidate_that_ends_at_a_tag_is_unranked_under_every_judge(
    stage, store, finished, candidates, judge, finish
):
    table = read_table(candidates(ANSWERS).folder, Candidate)
    marked = [replace(each, **{finish: "tag"}) if each.candidate_id in ("q0-000", "q0-003") else each for each in table]
    artifact = finished("candidates", marked, record_type=Candidate, published=store.paths.candidates(1))
    rows = {
        row.candidate_id: row
        for row in read_table(store.complete(replace(stage, candidates=artifact, judge=judge)).folder, RankedCandidate)
    }
    for name in ("q0-000", "q0-003"):
        assert (rows[name].rank, rows[name].reason) == (None, MALFORMED)
    assert rows["q0-001"].rank is not None
    assert rows["q0-002"].rank is not None, "an equal answer of another candidate is ranked"


def test_a_judge_is_shown_no_answer_that_ends_at_a_tag(stage, store, finished, candidates):
    class Watching(PricedJudge):
        shown = ""

        def judge(self, request):
            self.shown += " ".join(answer.text for answer in request.answers)
            return super().judge(request)

    table = read_table(candidates(ANSWERS).folder, Candidate)
    marked = [replace(each, answer_finish="tag") if each.answer == "four" else each for each in table]
    artifact = finished("candidates", marked, record_type=Candidate, published=store.paths.candidates(1))
    watching = replace(stage, candidates=artifact, judge=Watching())
    store.complete(watching)
    assert "three" in watching.judge.shown
    assert "four" not in watching.judge.shown
