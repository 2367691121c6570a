import pytest

from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.rounds.round import Round, Series
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.training import KeptModel


@pytest.mark.parametrize(("title", "name"), [(None, "round 2 ranking"), ("mine", "round 2 ranking of control mine")])
def test_a_stage_is_named_by_its_round_and_by_the_control_it_belongs_to(store, title, name):
    series = Series(prefixes=[Prefix("a")], paths=store.paths.round, title=title)
    assert series.name(2, "ranking") == name
    assert series.paths(2).rankings == store.paths.rankings(2)


def test_before_its_training_a_round_has_the_model_it_starts_with(base):
    assert Round(number=1, start=base, generator=base).model is base


def test_a_kept_model_is_the_one_it_was_started_with(base, store, tmp_path):
    current = Round(number=1, start=base, generator=base)
    current.stages["training"] = KeptModel(name="round 1 training", published=tmp_path / "model", start=base)
    assert isinstance(current.model, RoundModel)
    assert current.model.kept_from is base
    assert current.model.key == base.key
