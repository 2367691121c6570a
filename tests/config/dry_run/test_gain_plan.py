"""The plan names how thoughts are chosen, and prices the scoring only where it happens."""

from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.candidate_counts import round_counts
from thoughtrank.config.dry_run.gain_plan import gain_lines, gain_tokens
from thoughtrank.config.schema import load_config


def planned(*overrides, **values):
    config = load_config({**composed("questions.train_per_round=10", *overrides), **values})
    components = make_components(config)
    counts = round_counts(config, components, rounds=range(1, config.rounds + 1))
    return gain_lines(config, components), gain_tokens(config, components, counts=counts)


def test_the_embedded_engine_scores_and_its_tokens_are_counted():
    lines, tokens = planned("rounds=2", "generation.thought_tokens=40")
    assert lines == [
        "  gains       scores the thoughts of the best-ranked answers, at most 620 per round (10 questions), in nats; for "
        "long answers in nats per token",
        "  selection   for each answer, keeps the thoughts with the largest gain (selection.thoughts=auto: the engine scores "
        "answers)",
    ]
    assert tokens == 2 * 10 * 62 * 0.3 * (0.5 * 40 + 10)


def test_the_candidates_of_every_model_are_scored():
    (gains, _), tokens = planned("rounds=2", "generation.thought_tokens=40", "generation.models=[base,previous]")
    assert "at most 1,240 per round" in gains
    assert tokens == 2 * 2 * 10 * 62 * 0.3 * (0.5 * 40 + 10)


def test_without_gains_nothing_is_scored():
    lines, tokens = planned("engine=openai", "engine.base_urls=[http://localhost:1/v1]")
    assert lines == [
        "  selection   for each answer, keeps thoughts chosen by hash (selection.thoughts=auto: the engine does not "
        "score answers)"
    ]
    assert tokens == 0
    lines, tokens = planned("selection.thoughts=shortest")
    assert lines == ["  selection   for each answer, keeps the shortest thoughts"]
    assert tokens == 0


def test_a_selection_of_the_users_own_has_no_line(tmp_path, monkeypatch):
    (tmp_path / "own_selection.py").write_text(
        "from thoughtrank.instantiate import Component\n"
        "class Own(Component):\n"
        "    def notes(self): return []\n"
        "    def select(self, candidates, ranking): return list(candidates)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert planned(selection={"_target_": "own_selection.Own"}) == ([], 0)
