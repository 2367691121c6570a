"""A small run whose rounds are finished."""

import pytest
from fake_models import CopyingTraining
from run_fixtures import base, questions, store
from small_run import small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.rounds.stage_builder import StageBuilder

__all__ = ["base", "questions", "store"]


@pytest.fixture
def finished_builder_of(store, tiny_folder, tmp_path):
    """The builder of a small run whose rounds are finished."""

    def make(*, training=None, development=0, **top_level):
        values = small_values(model_folder=tiny_folder, workplace=tmp_path, **top_level)
        values["training"] = {**values["training"], **(training or {})}
        values["questions"] = {**values["questions"], "development": development}
        config = load_config(values)
        builder = StageBuilder(config=config, components=make_components(config), store=store, nodes=CopyingTraining())
        for number in range(config.rounds + 1):
            current = builder.begin_round(number)
            for name in builder.stage_names(number):
                current.stages[name] = builder.build(name, current)
                current.artifacts[name] = store.complete(current.stages[name])
        builder.model_stages.nodes.jobs.clear()
        return builder

    return make
