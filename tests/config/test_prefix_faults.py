"""Prefixes that an earlier run chose on questions which this run evaluates on."""

import json

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.prefix_faults import earlier_question_faults
from thoughtrank.config.schema import load_config
from thoughtrank.records import Candidate, RankedCandidate
from thoughtrank.storage.done_marker import write_done
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import part_path, write_part


@pytest.fixture
def components(tmp_path):
    file = tmp_path / "mine.jsonl"
    rows = [{"question": f"{number} + 1?", "answer": str(number + 1)} for number in range(60)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def make(*overrides):
        own = ["questions=file", f"questions.path={file}", "questions.train_per_round=40", *overrides]
        return make_components(load_config(composed("model=tiny", "logger=none", *own)))

    return make


@pytest.fixture
def earlier_run(tmp_path, components):
    """Of questions that a run with ``questions.held_out=9`` trains on: each is won by a thought that begins with "We add"."""
    paths = RunPaths(tmp_path / "earlier")
    candidates, rankings = [], []
    for question in components("questions.held_out=9").questions.train(1):
        for prefix, rank in (("We add", 1), ("So we", 2)):
            ids = {
                "question_id": question.question_id,
                "candidate_id": f"{question.question_id}-{prefix}",
                "prefix": prefix,
            }
            finish = {"thought_finish": "stop", "answer_finish": "stop"}
            candidates.append(
                Candidate(**ids, **finish, thought=f"{prefix} 1.", answer="7", thought_tokens=1, answer_tokens=1)
            )
            rankings.append(RankedCandidate(**ids, rank=rank, reason=None))
    for folder, table, record_type in (
        (paths.candidates(1), candidates, Candidate),
        (paths.rankings(1), rankings, RankedCandidate),
    ):
        folder.mkdir(parents=True)
        write_part(part_path(folder, 0), table, record_type=record_type)
        write_done(folder, fingerprint="f", facts={})
    return tmp_path / "earlier"


def choices(run):
    return [
        ["prefixes=pruned", f"prefixes.pruned.run={run}", "prefixes.pruned.keep=1"],
        ["prefixes=mined", f"prefixes.mined.run={run}", "prefixes.mined.count=1"],
    ]


def test_questions_that_both_runs_train_on_may_choose_prefixes(earlier_run, components):
    for choice in choices(earlier_run):
        assert earlier_question_faults(components("questions.held_out=9", *choice)) == []
    assert earlier_question_faults(components("questions.held_out=9")) == []


@pytest.mark.parametrize(
    "kept_apart", [["questions.held_out=19"], ["questions.held_out=9", "questions.development=30"]]
)
def test_test_and_development_questions_of_this_run_may_not(earlier_run, components, kept_apart):
    for choice, name in zip(choices(earlier_run), ("pruned", "mined"), strict=True):
        [fault] = earlier_question_faults(components(*kept_apart, *choice))
        assert fault.startswith(f"prefixes.{name}.run: ")
        assert (
            "of the 40 questions on which its prefixes were chosen are test or development questions of this run"
            in fault
        )
