"""The config of a small run in which nothing is generated, judged or trained by a model: it takes a second."""

from composing import composed

SMALL = (
    "model=tiny",
    "prefixes=literal",
    "prefixes.literal.values=[a,b,c]",
    "judge=fake",
    "ranker=listwise",
    "logger=none",
    "rounds=2",
    "questions.train_per_round=3",
    "questions.held_out=3",
    "questions.held_out_unseen=2",
    "training.min_steps=0",
    "controls=[]",
)


def small_values(*, model_folder, workplace, **top_level):
    """Plain config values of a run called ``mine``, with fake components; ``top_level`` keys replace theirs."""
    return {
        **composed(*SMALL),
        "run": "mine",
        "runs_dir": str(workplace / "runs"),
        "cache_dir": str(workplace / "cache"),
        "model": {"_target_": "fake_models.CopiedModel", "folder": str(model_folder)},
        "engine": {"_target_": "fake_engine.FakeEngine"},
        **top_level,
    }
