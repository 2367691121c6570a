import json

import pytest
from recipes import Rows

from thoughtrank.evaluation.metrics import HeldOutReply, read_metrics
from thoughtrank.records import Candidate, Gain, RankedCandidate
from thoughtrank.report.prefix_statistics import tallied
from thoughtrank.report.summary import round_summary, round_tally, scalars
from thoughtrank.storage.stage_reuse import Store
from thoughtrank.storage.tables import write_part

STAGES = ("generation", "ranking", "gains", "selection", "training", "evaluation")
OTHER_STAGES = ("screening", "development", "win_rates")


@pytest.fixture
def store(tmp_path):
    return Store(run_folder=tmp_path / "run", cache_folder=tmp_path / "cache")


def finished(store, name, *, table=(), record_type=Candidate, **facts):
    artifact = store.artifact(Rows(kind=name, published=store.paths.folder / name))
    with artifact.locked():
        if table:
            write_part(artifact.folder / "part-00000.parquet", table, record_type=record_type)
        artifact.finish(**facts)
    artifact.publish()
    return artifact


def tables(ranks):
    """Both tables of a round in which ``ranks`` gives each prefix its rank in every question."""
    candidates, ranking = [], []
    for number, of_question in enumerate(zip(*ranks.values(), strict=True)):
        for prefix, rank in zip(ranks, of_question, strict=True):
            ids = {"question_id": f"q{number}", "candidate_id": f"q{number}-{prefix}", "prefix": prefix}
            texts = {"thought": prefix, "answer": "7", "thought_finish": "stop", "answer_finish": "stop"}
            candidates.append(Candidate(**ids, **texts, thought_tokens=3, answer_tokens=1))
            ranking.append(RankedCandidate(**ids, rank=rank, reason=None if rank else "empty"))
    return candidates, ranking


def reply(*, unseen=False, arm="thought", right=True, well_formed=True):
    return HeldOutReply(
        question_id="q",
        family="sums",
        unseen=unseen,
        arm=arm,
        reply="7",
        answer="7",
        right=right,
        thought_well_formed=well_formed,
        reply_tokens=5,
        reply_finish="stop",
    )


METRICS = {
    "round": 1,
    **read_metrics(
        [
            *(reply(right=right, well_formed=not right) for right in (True, True, True, False)),
            *(reply(arm="room_to_reason", right=right) for right in (True, True, False, False)),
        ]
    ),
}


def first_round(store):
    ranks = {"g": [1, 1], "b": [1, 2], "a": [2, 1], "c": [2, 2], "d": [2, 2], "e": [3, 3], "f": [None, None]}
    candidates, ranking = tables(ranks)
    artifacts = {
        "generation": finished(store, "candidates", table=candidates, candidates=14),
        "ranking": finished(
            store,
            "rankings",
            table=ranking,
            record_type=RankedCandidate,
            judge_tokens=1200,
            judge_cost=0.25,
            unranked={"empty": 2},
        ),
        "selection": finished(store, "examples", examples=6, questions_with_examples=2),
        "training": finished(store, "models", steps=18),
        "evaluation": finished(store, "evaluation"),
    }
    opened = {"n": 2, "word_entropy": 1.0, "character_entropy": 0.0, "words": {"So": 0.5, "Six": 0.5}}
    tally = round_tally(artifacts)
    return round_summary(
        metrics=METRICS, artifacts=artifacts, prefixes=tally.results(), candidates=tally.figures(), opened=opened
    )


def base_round(store):
    return round_summary(
        metrics={**METRICS, "round": 0},
        artifacts={"evaluation": finished(store, "evaluation_0")},
        candidates=round_tally({}).figures(),
        opened={"n": 1, "word_entropy": 0.0, "character_entropy": 0.0, "words": {"So": 1.0}},
    )


def test_the_cost_of_a_judge_of_unknown_price_is_null_and_no_zero(store):
    unpriced = {"judge_tokens": 90, "judge_cost": 0.0, "judge_unpriced_tokens": [80, 10]}
    artifacts = {"evaluation": finished(store, "evaluation"), "ranking": finished(store, "rankings", **unpriced)}
    entry = round_summary(metrics=METRICS, artifacts=artifacts, candidates=None)
    assert (entry["judge_tokens"], entry["judge_cost"]) == (90, None)


def test_round_0_has_an_evaluation_and_nothing_else(store):
    entry = base_round(store)
    assert (entry["round"], entry["accuracy"], entry["n"]) == (0, 0.75, 4)
    assert entry["seconds"].keys() == {*STAGES, *OTHER_STAGES}
    assert all(entry["seconds"][stage] == 0 for stage in (*STAGES, *OTHER_STAGES) if stage != "evaluation")
    assert (entry["examples"], entry["judge_tokens"], entry["judge_cost"], entry["unranked"]) == (0, 0, 0.0, {})
    assert entry["best_prefixes"] == []


def test_a_round_gathers_the_facts_of_its_stages(store):
    entry = first_round(store)
    assert entry["examples"] == 6
    assert (entry["questions_with_examples"], entry["training_steps"]) == (2, 18)
    assert entry["families"] == METRICS["families"]
    assert (entry["candidates"]["n"], entry["candidates"]["questions"], entry["candidates"]["decided"]) == (14, 2, 2)
    assert scalars(entry)["candidates_distinct_answers"] == entry["candidates"]["distinct_answers"]
    assert (entry["judge_tokens"], entry["judge_cost"], entry["unranked"]) == (1200, 0.25, {"empty": 2})
    assert (entry["accuracy"], entry["direct_accuracy"], entry["unseen_accuracy"]) == (0.75, 0.5, None)
    assert entry["thought_rate"] == 0.25


def test_the_best_five_prefixes_come_by_their_wins_and_then_by_name(store):
    best = first_round(store)["best_prefixes"]
    assert [each["prefix"] for each in best] == ["g", "a", "b", "c", "d"]
    assert [each["win_rate"] for each in best] == [1.0, 0.5, 0.5, 0.0, 0.0]


def test_the_prefixes_of_a_round_are_read_from_its_tables(store):
    candidates, ranking = tables({"a": [1, 2], "b": [2, None]})
    found = round_tally(
        {
            "generation": finished(store, "candidates", table=candidates),
            "ranking": finished(store, "rankings", table=ranking, record_type=RankedCandidate),
        }
    )
    assert found.results() == tallied(candidates, ranking).results()


def test_the_gains_of_a_round_count_as_well(store):
    candidates, ranking = tables({"a": [1, 2], "b": [2, 1]})
    scored = {"answer_logprob": 0.0, "baseline_logprob": 0.0, "answer": "7", "answer_kind": "number", "cut": None}
    gains = [Gain("q0", "q0-a", 2.0, **scored), Gain("q1", "q1-b", -1.0, **scored)]
    found = round_tally(
        {
            "generation": finished(store, "candidates", table=candidates),
            "ranking": finished(store, "rankings", table=ranking, record_type=RankedCandidate),
            "gains": finished(store, "gains", table=gains, record_type=Gain),
        }
    )
    assert [(each.win_rate, each.genuine_rate, each.mean_gain) for each in found.results()] == [
        (0.5, 0.5, 2.0),
        (0.5, 0.0, -1.0),
    ]


def test_the_openings_of_a_round_are_in_its_entry_and_their_entropies_are_scalars(store):
    entry = first_round(store)
    assert entry["openings"]["words"] == {"So": 0.5, "Six": 0.5}
    flat = scalars(entry)
    assert (flat["openings_word_entropy"], flat["openings_n"]) == (1.0, 2)
    assert not any("words" in name for name in flat)


def test_an_entry_can_be_written_as_json(store):
    entry = first_round(store)
    assert json.loads(json.dumps(entry)) == entry


def test_a_screening_is_counted_with_the_seconds_of_all_its_stages(store):
    counts = {"screened": 9, "kept": 2, "sometimes": 2, "never": 4, "always": 3}
    stages = [finished(store, "screening_candidates"), finished(store, "screening_questions", **counts)]
    artifacts = {"evaluation": finished(store, "evaluation")}
    entry = round_summary(metrics=METRICS, artifacts=artifacts, screening=stages)
    seconds = sum(each.facts["seconds"] for each in stages)
    assert entry["screening"] == {**counts, "seconds": seconds}
    assert scalars(entry)["screening_never"] == 4
    assert entry["seconds"]["screening"] == seconds
    assert first_round(store)["screening"] == {}


def test_the_scalars_of_a_round_are_numbers_or_nothing(store):
    flat = scalars(first_round(store))
    assert flat.keys() >= {
        "round",
        "accuracy",
        "unseen_accuracy",
        "examples",
        "judge_cost",
        *map("seconds_{}".format, STAGES),
    }
    assert all(value is None or isinstance(value, int | float) for value in flat.values())
    assert flat["unseen_accuracy"] is None


def test_loggers_get_the_accuracy_of_chance():
    for chance, logged in (({"answer": "12", "accuracy": 0.04, "n": 400}, 0.04), (None, None)):
        metrics = {"round": 1, **read_metrics([reply()]), "chance": chance}
        entry = round_summary(metrics=metrics, artifacts={})
        assert entry["chance"] == chance
        assert scalars(entry)["chance"] == logged


def test_both_rounds_have_the_same_scalars(store):
    assert scalars(base_round(store)).keys() == scalars(first_round(store)).keys()


def test_what_the_judge_compared_costs_the_round_too_and_is_flat_for_loggers(store):
    compared = {"thought_vs_round_0": {"win_rate": 0.6, "n": 4, "judge_tokens": 7, "judge_cost": 0.25, "seconds": 3.5}}
    metrics = {"round": 1, **read_metrics([reply()])}
    entry = round_summary(metrics=metrics, artifacts={}, win_rates=compared)
    assert (entry["win_rates"], entry["judge_tokens"], entry["judge_cost"]) == (compared, 7, 0.25)
    assert scalars(entry)["thought_vs_round_0_win_rate"] == 0.6
    assert entry["seconds"]["win_rates"] == scalars(entry)["seconds_win_rates"] == 3.5


def test_the_evaluation_on_development_questions_takes_its_time(store):
    development = finished(store, "development")
    entry = round_summary(metrics=METRICS, artifacts={}, development=development)
    assert entry["seconds"]["development"] == development.facts["seconds"]
