"""A pipeline that does no work, for tests of what is around it."""

from thoughtrank import pipeline
from thoughtrank.rounds.run_results import finished_settings
from thoughtrank.storage.json_files import write_json

ENTRY = {
    "round": 0,
    "accuracy": 0.5,
    "accuracy_low": 0.4,
    "accuracy_high": 0.6,
    "direct_accuracy": 0.25,
    "direct_low": 0.2,
    "direct_high": 0.3,
    "n": 3,
    "unseen_n": 0,
    "unseen_accuracy": None,
    "unseen_low": None,
    "unseen_high": None,
    "thought_rate": 0.5,
    "reply_tokens": 20.0,
    "truncation_rate": 0.0,
    "direct_truncation_rate": 0.0,
    "questions_left_out": 0,
    "held_out_left_out": 0,
    "examples": 0,
    "seconds": {"generation": 0.0, "ranking": 0.0, "selection": 0.0, "training": 0.0, "evaluation": 1.0},
    "judge_tokens": 0,
    "judge_cost": 0.0,
    "judge_audit": {},
    "unranked": {},
    "best_prefixes": [],
}


def replace_pipeline(monkeypatch):
    """Replaces the pipeline by one that only writes what a finished run has; returns the arguments of each call."""
    calls = []

    def finishes(*, config, store, **options):
        calls.append({"config": config, "store": store, **options})
        if config.stop_after is not None:
            return None
        paths = store.paths
        paths.export.mkdir(exist_ok=True)
        (paths.export / "config.json").write_text("{}")
        summary = {
            "run": paths.folder.name,
            "rounds": [ENTRY],
            "exported_round": 0,
            "export": str(paths.export),
            "finished": finished_settings(config),
        }
        write_json(paths.summary, summary)
        return summary

    monkeypatch.setattr(pipeline, "run_pipeline", finishes)
    return calls
