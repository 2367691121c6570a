"""A run without rounds, and the tables that a stage reads."""

import pytest
from fake_models import CopiedModel, CopyingTraining
from recipes import Rows
from small_run import small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.records import Candidate, Question
from thoughtrank.stages.build import StageBuilder
from thoughtrank.stages.round_models import BaseModel
from thoughtrank.storage.stage_reuse import Store
from thoughtrank.storage.tables import write_part


@pytest.fixture
def store(tmp_path):
    return Store(run_folder=tmp_path / "runs" / "mine", cache_folder=tmp_path / "cache")


@pytest.fixture
def base(store, tiny_folder):
    """The base model of the run, not written yet."""
    return BaseModel.of(CopiedModel(folder=str(tiny_folder)), store=store)


@pytest.fixture
def questions():
    return [Question(f"q{number}", f"What is {number} + 1?", answer=str(number + 1)) for number in range(5)]


@pytest.fixture
def finished(store):
    """Completes an artifact that holds one table."""

    def finish(kind, rows, *, record_type, published):
        artifact = store.artifact(Rows(kind=kind, published=published, values={"rows": repr(rows)}, replaceable=True))
        with artifact.locked():
            write_part(artifact.folder / "part-00000.parquet", rows, record_type=record_type)
            artifact.finish(**{kind: len(rows)})
        artifact.publish()
        return artifact

    return finish


@pytest.fixture
def candidates(store, finished):
    """The finished table of candidates of round 1: for each question id its answers."""

    def make(answers):
        rows = [
            Candidate(
                question_id=question_id,
                candidate_id=f"{question_id}-{index:03d}",
                prefix="ab"[index % 2],
                thought=f"thought {index}",
                answer=answer,
                thought_tokens=2,
                answer_tokens=3,
                thought_finish="stop",
                answer_finish="stop",
            )
            for question_id, of_question in answers.items()
            for index, answer in enumerate(of_question)
        ]
        return finished("candidates", rows, record_type=Candidate, published=store.paths.candidates(1))

    return make


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
        builder.nodes.jobs.clear()
        return builder

    return make
