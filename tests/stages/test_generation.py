import errno
from dataclasses import replace

import pytest
from fake_engine import FakeEngine, FakeSession, OverlappingEngine
from recipes import forget

from thoughtrank.engines.protocol import Limits
from thoughtrank.errors import UserError
from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.records import Candidate
from thoughtrank.stages.generation import ENGINE_RECORD, Generation
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.tables import read_table

PREFIXES = (Prefix("a", text="a"), Prefix("b", text="b"), Prefix("direct", text="", closed=True))


@pytest.fixture
def stage(store, base, questions):
    return Generation(
        name="round 1 generation",
        published=store.paths.candidates(1),
        questions=questions,
        prefixes=PREFIXES,
        model=base,
        engine=FakeEngine(),
        limits=Limits(thought_tokens=8, answer_tokens=8),
    )


def test_every_question_has_one_candidate_per_prefix_in_their_order(stage, store):
    artifact = store.complete(stage)
    rows = read_table(artifact.published, Candidate)
    assert [(row.question_id, row.prefix) for row in rows] == [
        (question.question_id, prefix.name) for question in stage.questions for prefix in PREFIXES
    ]
    assert len({row.candidate_id for row in rows}) == len(rows) == artifact.facts["candidates"]
    assert artifact.facts["engine"] == {"engine": "fake"}


def test_a_thought_begins_with_its_prefix_and_a_closed_one_is_only_its_prefix(stage, store):
    rows = read_table(store.complete(stage).folder, Candidate)
    assert [row.thought for row in rows[:3]] == ["a thinks 10", "b thinks 10", ""]
    first = stage.engine.requested[0][0]
    assert [branch.opener for branch in first.branches] == ["<thought>a", "<thought>b", "<thought></thought>"]
    assert [branch.in_thought for branch in first.branches] == [True, True, False]
    assert (rows[0].thought_tokens, rows[0].answer_tokens) == (10, len(rows[0].answer))


def test_groups_are_as_large_as_the_engine_wants_them(stage, store):
    folder = store.complete(stage).folder
    assert [len(requests) for requests in stage.engine.requested] == [1, 2, 2]
    assert len(list(folder.glob("part-*.parquet"))) == 3


def test_a_resumed_generation_asks_for_the_missing_groups_only(stage, store):
    whole = read_table(store.complete(stage).folder, Candidate)
    artifact = store.artifact(stage)
    forget(artifact)
    (artifact.folder / "part-00001.parquet").unlink()
    resumed = replace(stage, engine=FakeEngine())
    assert read_table(store.complete(resumed).folder, Candidate) == whole
    [requests] = resumed.engine.requested
    assert [request.prompt for request in requests] == [request.prompt for request in stage.engine.requested[1]]


def test_an_engine_that_overlaps_groups_writes_each_as_it_ends_and_a_gap_is_filled_on_resume(stage, store):
    whole = read_table(store.complete(stage).folder, Candidate)
    breaks = replace(stage, engine=OverlappingEngine(), published=store.paths.candidates(2))
    breaks.engine.breaks_after = 2
    with pytest.raises(RuntimeError, match="gone"):
        store.complete(breaks)
    parts = sorted(path.name for path in store.artifact(breaks).folder.glob("part-*.parquet"))
    assert parts == ["part-00001.parquet", "part-00002.parquet"]
    resumed = replace(breaks, engine=OverlappingEngine())
    assert read_table(store.complete(resumed).folder, Candidate) == whole
    assert resumed.engine.requested == breaks.engine.requested[:1]


def test_a_generation_that_lacks_only_its_mark_opens_no_engine(stage, store):
    store.complete(stage)
    forget(store.artifact(stage))
    resumed = replace(stage, engine=FakeEngine())
    assert store.complete(resumed).facts["engine"] == {"engine": "fake"}
    assert resumed.engine.model_folders == []


@pytest.mark.parametrize("content", ["", '{"engine": "fa', "[]", None])
def test_a_damaged_record_of_the_engine_is_made_again_with_the_first_group(stage, store, content):
    stage = replace(stage, engine=FakeEngine(probe_candidates=2))
    artifact = store.complete(stage)
    whole, record = read_table(artifact.folder, Candidate), read_json(artifact.folder / ENGINE_RECORD)
    forget(artifact)
    (artifact.folder / ENGINE_RECORD).unlink()
    if content is not None:
        (artifact.folder / ENGINE_RECORD).write_text(content)
    resumed = replace(stage, engine=FakeEngine(probe_candidates=2))
    again = store.complete(resumed)
    assert (read_table(again.folder, Candidate), read_json(again.folder / ENGINE_RECORD)) == (whole, record)
    assert again.facts["engine"] == record
    assert [request.prompt for request in resumed.engine.requested[0]] == [
        request.prompt for request in stage.engine.requested[0]
    ]


def test_an_engine_that_fails_midway_keeps_the_finished_groups(stage, store, monkeypatch):
    def fails(self, request, branch):
        if len(self.requested) == 2:
            raise RuntimeError("out of memory")
        return "an answer"

    with monkeypatch.context() as patched:
        patched.setattr(FakeEngine, "answer", fails)
        with pytest.raises(RuntimeError, match="out of memory"):
            store.complete(stage)
    resumed = replace(stage, engine=FakeEngine())
    store.complete(resumed)
    assert [len(requests) for requests in resumed.engine.requested] == [2, 2]


@pytest.mark.parametrize("missing", ["a candidate", "a question"])
def test_an_engine_that_returns_too_few_is_an_error_and_never_a_smaller_table(stage, store, monkeypatch, missing):
    generate = FakeSession.generate

    def too_few(self, requests, **options):
        results = generate(self, requests, **options)
        return [each[:-1] for each in results] if missing == "a candidate" else results[:-1]

    monkeypatch.setattr(FakeSession, "generate", too_few)
    with pytest.raises(ValueError, match="shorter"):
        store.complete(stage)
    assert not store.artifact(stage).done


def test_a_table_with_rows_of_nobody_is_an_error(stage, store):
    folder = store.complete(stage).folder
    forget(store.artifact(stage))
    (folder / "part-00003.parquet").write_bytes((folder / "part-00000.parquet").read_bytes())
    # Part 0 of the groups of 1, 2 and 2 questions has 3 rows.
    with pytest.raises(AssertionError, match="5 questions with 3 prefixes gave 18 candidates"):
        store.complete(replace(stage, engine=FakeEngine()))


@pytest.mark.parametrize("is_finished", [True, False])
def test_parts_that_are_missing_torn_or_short_are_generated_again_and_only_those(stage, store, is_finished):
    """In the cache and in the run folder, which are links to the same files."""
    artifact = store.complete(stage)
    whole = read_table(artifact.folder, Candidate)
    if not is_finished:
        forget(artifact)
    for damage in ("missing", "torn", "short"):
        for folder in (artifact.folder, artifact.published):
            part = folder / "part-00001.parquet"
            content = part.read_bytes()
            part.unlink()
            if damage == "torn":
                part.write_bytes(content[:-7])
            if damage == "short":
                part.write_bytes((folder / "part-00000.parquet").read_bytes())
        resumed = replace(stage, engine=FakeEngine())
        assert read_table(store.complete(resumed).published, Candidate) == whole
        [requests] = resumed.engine.requested
        assert [request.prompt for request in requests] == [request.prompt for request in stage.engine.requested[1]]


def test_a_deleted_part_of_the_cache_is_restored_from_the_run(stage, store):
    artifact = store.complete(stage)
    (artifact.folder / "part-00001.parquet").unlink()
    again = replace(stage, engine=FakeEngine())
    whole = read_table(artifact.published, Candidate)
    assert read_table(store.complete(again).folder, Candidate) == whole
    assert again.engine.requested == []


def test_a_deleted_part_in_the_run_folder_is_restored_from_the_cache(stage, store):
    artifact = store.complete(stage)
    (artifact.published / "part-00001.parquet").unlink()
    with pytest.raises(UserError, match=r"part-00001\.parquet missing"):
        read_table(artifact.published, Candidate)
    again = replace(stage, engine=FakeEngine())
    assert len(read_table(store.complete(again).published, Candidate)) == 15
    assert again.engine.requested == []


def test_the_probe_runs_once_and_records_how_many_candidates_changed(stage, store):
    probing = replace(stage, engine=FakeEngine(probe_candidates=2))
    artifact = store.complete(probing)
    assert artifact.facts["engine"]["determinism"] == {"candidates": 1, "changed": 0, "share_changed": 0.0}
    assert len(probing.engine.requested) == 4
    forget(artifact)
    (artifact.folder / "part-00002.parquet").unlink()
    resumed = replace(stage, engine=FakeEngine(probe_candidates=2))
    store.complete(resumed)
    assert len(resumed.engine.requested) == 1
    assert "determinism" in read_json(artifact.folder / "_engine.json")


def test_sampling_differs_by_question_and_prefix_and_is_the_same_again(stage, store):
    sampled = tuple(Prefix(f"s{number}", temperature=1.0, seed=number) for number in range(2))
    seeds = []
    for _ in range(2):
        engine = FakeEngine()
        run = replace(stage, prefixes=sampled, engine=engine)
        forget(store.artifact(run))
        for part in store.artifact(run).folder.glob("part-*"):
            part.unlink()
        store.complete(run)
        seeds.append([branch.seed for group in engine.requested for each in group for branch in each.branches])
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 10


@pytest.mark.parametrize(
    "change",
    [
        {"limits": Limits(thought_tokens=9, answer_tokens=8)},
        {"limits": Limits(thought_tokens=8, answer_tokens=9)},
        {"limits": Limits(thought_tokens=8, answer_tokens=8, min_answer_tokens=1)},
        {"prefixes": PREFIXES[:2]},
        {"prefixes": (*PREFIXES[:2], Prefix("direct", text="", closed=False))},
        {"engine": FakeEngine(seed=1)},
        {"engine": FakeEngine(questions_per_group=3)},
    ],
    ids=str,
)
def test_what_changes_the_candidates_changes_the_inputs(stage, change):
    assert replace(stage, **change).inputs() != stage.inputs()


@pytest.mark.parametrize("field", ["question_id", "text"])
def test_another_question_changes_the_inputs(stage, questions, field):
    other = [replace(questions[0], **{field: "other"}), *questions[1:]]
    assert replace(stage, questions=other).inputs() != stage.inputs()


def test_what_changes_no_candidate_changes_no_input(stage, store, questions):
    for change in (
        {"engine": FakeEngine(replies_per_group=9, probe_candidates=5)},
        {"name": "round 2 generation", "published": store.paths.candidates(2)},
        {"questions": [replace(each, answer="another", family="sums") for each in questions]},
    ):
        assert replace(stage, **change).inputs() == stage.inputs()


class Talkative(FakeEngine):
    """With prefix "a" it opens another thought inside the answer, with "b" inside the thought."""

    def continuation(self, request, branch):
        written = super().continuation(request, branch)
        if branch.opener == "<thought>a":
            answer = "It is 7. <thought>or 8?</thought>8"
            return replace(written, answer=answer, answer_ids=tuple(answer.encode()))
        if branch.opener == "<thought>b":
            return replace(written, thought=" or<thought>so")
        return written


def test_text_ends_before_a_thought_that_the_model_opens_elsewhere(stage, store, tiny_folder):
    talkative = replace(stage, engine=Talkative())
    rows = read_table(store.complete(talkative).published, Candidate)
    in_answer, in_thought, direct = rows[:3]
    assert (in_answer.answer, in_answer.answer_finish, in_answer.thought_finish) == ("It is 7. ", "tag", "stop")
    assert in_answer.answer_tokens == len(in_answer.answer_ids)
    assert (in_thought.thought, in_thought.thought_finish, in_thought.answer) == ("b or", "tag", "")
    assert (direct.answer_finish, direct.thought_finish) == ("stop", "stop")
    assert all(branch.ends_at_tag for branch in talkative.engine.requested[0][0].branches)


@pytest.mark.parametrize("rules", ["TAG_RULES", "ESCAPE_RULES"])
def test_other_rules_for_tags_and_prompts_change_the_inputs(stage, monkeypatch, rules):
    before = stage.inputs()
    monkeypatch.setattr(f"thoughtrank.stages.generation.{rules}", 99)
    assert stage.inputs() != before


def test_a_full_disk_at_the_record_of_the_engine_loses_no_record(stage, store, monkeypatch):
    def full(path, values):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    stage = replace(stage, engine=FakeEngine(questions_per_group=len(stage.questions)))
    with monkeypatch.context() as patched:
        patched.setattr("thoughtrank.stages.generation.write_json", full)
        with pytest.raises(UserError, match="full"):
            store.complete(stage)
    assert read_json(store.complete(stage).folder / ENGINE_RECORD)["engine"] == "fake"
