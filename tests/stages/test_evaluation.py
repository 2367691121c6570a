from dataclasses import replace

import pytest
from fake_engine import FakeSession, PooledEngine
from recipes import forget
from thinking_engine import Thinks, evaluation

from thoughtrank.evaluation.arms.registry import ARMS
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.statistics import mean
from thoughtrank.records import Question
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.run_paths import METRICS
from thoughtrank.storage.tables import read_table


class Stops(Exception):
    """The process ends here."""


@pytest.fixture
def stage(store, base, questions):
    return evaluation(store, base, questions)


@pytest.fixture
def whole(stage):
    """The stage with every arm."""
    return replace(stage, arms=tuple(ARMS))


def rows_of(table, arm):
    return {row.question_id: row for row in table if row.arm == arm}


def test_every_question_is_asked_in_both_arms_and_nothing_is_forced_in_the_first(stage, store):
    rows = read_table(store.complete(stage).published, HeldOutReply)
    assert [(row.question_id, row.arm) for row in rows] == [
        (f"q{number}", arm) for number in range(5) for arm in ("thought", "room_to_reason")
    ]
    openers = {branch.opener for group in stage.engine.requested for each in group for branch in each.branches}
    assert openers == {"", "<thought></thought>"}
    assert [len(group) for group in stage.engine.requested] == [1, 2, 2]


def test_a_reply_is_parsed_and_scored_and_an_unclosed_thought_is_wrong(stage, store):
    rows = read_table(store.complete(stage).folder, HeldOutReply)
    open_thought, direct, right = rows[0], rows[1], rows[2]
    assert (open_thought.answer, open_thought.right, open_thought.thought_well_formed) == (None, False, False)
    assert (direct.answer, direct.right) == ("The answer is 100.", False)
    assert (right.answer, right.right, right.thought_well_formed) == ("It is 2.", True, True)
    assert right.reply_tokens == len(right.reply)


def test_a_question_without_reference_is_neither_right_nor_wrong(stage, store, questions):
    open_questions = [Question(each.question_id, each.text) for each in questions]
    artifact = store.complete(replace(stage, questions=open_questions))
    assert {row.right for row in read_table(artifact.folder, HeldOutReply)} == {None}
    assert read_json(artifact.folder / "_evaluation.json")["accuracy"] is None


def test_the_metrics_are_those_of_the_table(stage, store):
    metrics = read_json(store.complete(stage).folder / "_evaluation.json")
    assert (metrics["n"], metrics["accuracy"], metrics["direct_accuracy"], metrics["thought_rate"]) == (5, 0.8, 0, 0.8)


@pytest.mark.parametrize("content", ["", '{"arms": {"tho', "[]", None])
def test_damaged_metrics_are_made_again_from_the_table(stage, store, content):
    artifact = store.complete(stage)
    metrics = read_json(artifact.folder / METRICS)
    for folder in {artifact.folder, artifact.published}:
        (folder / METRICS).unlink()
        if content is not None:
            (folder / METRICS).write_text(content)
    again = replace(stage, engine=Thinks())
    artifact = store.complete(again)
    assert [read_json(folder / METRICS) for folder in (artifact.folder, artifact.published)] == [metrics, metrics]
    assert again.engine.requested == []


def test_a_resumed_evaluation_asks_the_missing_group_only(stage, store):
    whole = read_table(store.complete(stage).folder, HeldOutReply)
    artifact = store.artifact(stage)
    forget(artifact)
    (artifact.folder / "part-00000.parquet").unlink()
    resumed = replace(stage, engine=Thinks())
    assert read_table(store.complete(resumed).folder, HeldOutReply) == whole
    [[request]] = resumed.engine.requested
    assert "What is 0" in request.prompt


def test_a_short_reply_continues_the_stem_and_its_first_number_counts(whole, store):
    table = read_table(store.complete(whole).folder, HeldOutReply)
    at_once, own = rows_of(table, "answer_at_once"), rows_of(table, "own_thought")
    assert {(row.thought, row.answer, row.right) for row in at_once.values()} == {("", "100", False)}
    # The thought of the free reply; question 0 closes none, so one is forced open for it.
    assert {row.thought for row in own.values()} == {
        " thinks 9",
        *(f"{each} + 1 = {each + 1}" for each in (1, 2, 3, 4)),
    }
    assert [own[f"q{number}"].right for number in range(1, 5)] == [True] * 4
    openers = [branch.opener for group in whole.engine.requested for each in group for branch in each.branches]
    assert "<thought>4 + 1 = 5</thought>\n\nSo it is" in openers
    assert openers.count("<thought>") == 1


def test_another_thought_is_from_a_question_with_another_answer(whole, store):
    table = read_table(store.complete(whole).folder, HeldOutReply)
    own, swapped = rows_of(table, "own_thought"), rows_of(table, "swapped_thought")
    assert {row.thought_source for row in swapped.values()} == set(own)
    for row in swapped.values():
        assert row.thought_source != row.question_id
        assert row.thought == own[row.thought_source].thought
        assert not row.right


def test_an_edited_thought_states_another_number_and_the_answer_may_follow_it(whole, store):
    artifact = store.complete(whole)
    for row in rows_of(read_table(artifact.folder, HeldOutReply), "edited_thought").values():
        assert row.edit in row.thought
        assert (row.answer, row.follows, row.right) == (row.edit, True, False)
    metrics = read_json(artifact.folder / "_evaluation.json")
    assert metrics["arms"]["edited_thought"]["follows"] == 1.0


def test_the_sampled_answers_are_as_many_as_the_tokens_of_a_thought_buy(whole, store):
    artifact = store.complete(whole)
    table = read_table(artifact.folder, HeldOutReply)
    thought, at_once = (
        sum(row.reply_tokens for row in rows_of(table, name).values()) for name in ("thought", "answer_at_once")
    )
    voted = rows_of(table, "best_of_n").values()
    assert {len(row.samples) for row in voted} == {thought // at_once}
    assert {(row.answer, row.samples[0]) for row in voted} == {("100", "100")}
    sampled = [
        branch
        for group in whole.engine.requested
        for each in group
        for branch in each.branches
        if branch.answer_temperature
    ]
    assert {branch.answer_temperature for branch in sampled} == {0.5}
    assert len({branch.seed for branch in sampled}) == len(sampled) == 5 * (thought // at_once)


def test_a_control_votes_with_as_many_of_its_own_answers_as_another_models_thought_costs(whole, store):
    own = read_table(store.complete(whole).folder, HeldOutReply)
    at_once = mean([row.reply_tokens for row in own if row.arm == "answer_at_once"])
    control = replace(whole, published=whole.published.with_name("control"), vote_tokens=7.5 * at_once)
    table = read_table(store.complete(control).folder, HeldOutReply)
    assert {len(row.samples) for row in rows_of(table, "best_of_n").values()} == {7}


def test_every_arm_has_its_figures_and_groups_are_even(whole, store):
    metrics = read_json(store.complete(whole).folder / "_evaluation.json")
    assert metrics["arms"].keys() == set(ARMS)
    assert {figures["n"] for figures in metrics["arms"].values()} == {5}
    assert len(whole.engine.model_folders) == 1
    sizes = [sum(len(each.branches) for each in group) for group in whole.engine.requested]
    assert max(sizes) <= whole.engine.replies_per_group


def test_which_arms_apply_follows_from_the_reference(whole, store):
    questions = [
        Question("number", "What is 1 + 1?", answer="2"),
        Question("letter", "What is 2 + 1? (A) 3 (B) 4", answer="A"),
        Question("free", "What is 3 + 1? Explain.", answer="It is 4, because 3 and then one more make 4 in all."),
        Question("none", "What is 4 + 1?"),
    ]
    table = read_table(store.complete(replace(whole, questions=questions)).folder, HeldOutReply)
    arms = {each.question_id: {row.arm for row in table if row.question_id == each.question_id} for each in questions}
    assert arms["number"] == set(ARMS)
    assert arms["letter"] == set(ARMS) - {"edited_thought"}
    assert arms["free"] == arms["none"] == {"thought", "room_to_reason"}


def test_questions_without_a_short_reference_are_asked_in_the_free_arms_only(whole, store):
    engine = Thinks()
    questions = [Question(f"q{number}", f"What is {number} + 1?") for number in range(3)]
    table = read_table(store.complete(replace(whole, questions=questions, engine=engine)).folder, HeldOutReply)
    assert [row.arm for row in table] == ["thought", "room_to_reason"] * 3
    assert all(engine.requested)


def test_a_session_that_takes_several_groups_at_once_gives_the_same_table(whole, store):
    expected = read_table(store.complete(whole).published, HeldOutReply)
    engine = type("ThinksInTwoThreads", (Thinks, PooledEngine), {})()
    pooled = store.complete(replace(whole, engine=engine, published=whole.published.with_name("pooled")))
    assert read_table(pooled.published, HeldOutReply) == expected
    assert pooled.facts["engine"]["devices"] == 2


def test_a_killed_evaluation_repeats_no_finished_part(whole, store):
    complete = read_table(store.complete(whole).folder, HeldOutReply)
    calls = len(whole.engine.requested)
    for finished in range(1, calls):
        run = replace(whole, engine=Thinks(seed=0), name=f"killed after {finished}")
        artifact = store.artifact(run)
        forget(artifact)
        for part in artifact.folder.glob("part-*"):
            part.unlink()
        generate, left = FakeSession.generate, [finished]

        def stops(self, requests, generate=generate, left=left, **options):
            left[0] -= 1
            if left[0] < 0:
                raise Stops
            return generate(self, requests, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FakeSession, "generate", stops)
            with pytest.raises(Stops):
                store.complete(run)
        kept = {path.name: path.read_bytes() for path in artifact.folder.glob("part-*")}
        resumed = replace(run, engine=Thinks(seed=0))
        assert read_table(store.complete(resumed).folder, HeldOutReply) == complete
        assert all((artifact.folder / name).read_bytes() == content for name, content in kept.items())
        # What a part takes is asked again as a whole, and no call of a finished one.
        assert calls - finished <= len(resumed.engine.requested) <= calls - finished + 2


def test_an_engine_that_returns_too_few_replies_is_an_error(stage, store, monkeypatch):
    monkeypatch.setattr("fake_engine.FakeSession.generate", lambda self, requests, **options: [])
    with pytest.raises(ValueError, match="shorter"):
        store.complete(stage)
    assert not store.artifact(stage).done


def test_an_edited_family_is_the_one_in_the_table_and_the_metrics(stage, store, questions):
    store.complete(stage)
    edited = [replace(question, family="addition") for question in questions]
    artifact = store.complete(replace(stage, questions=edited, published=store.paths.replies(2)))
    assert {row.family for row in read_table(artifact.folder, HeldOutReply)} == {"addition"}
    assert list(read_json(artifact.folder / "_evaluation.json")["families"]) == ["addition"]
