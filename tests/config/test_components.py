import inspect
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from composing import CONF, changed, composed

from thoughtrank import instantiate
from thoughtrank.config.components import COMPONENT_GROUPS, make_components
from thoughtrank.config.schema import load_config
from thoughtrank.errors import UserError
from thoughtrank.instantiate import Component, find_target, make_component
from thoughtrank.models.pretrained import PretrainedModel
from thoughtrank.questions.imported_questions import ImportedQuestions
from thoughtrank.records import Question
from thoughtrank.selection.protocol import GainSelector
from thoughtrank.storage.imported_candidates import ImportedCandidates

PACKAGE = Path(instantiate.__file__).parent
HASHED = {
    *("model", "engine", "judge", "ranker", "selection"),
    *("objective", "optimizer", "adapter", "strategy"),
}
"""Groups whose components state an identity; of questions and prefixes the stages hash what they give."""
FILES = sorted(path for path in CONF.rglob("*.yaml") if path.parent.name in HASHED)
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}={path.stem}")


@pytest.fixture
def spec(path, tmp_path):
    """What a file of ``conf/`` says, with everything that the identity of its component reads."""
    group = path.parent.name
    spec = composed(f"{group}={path.stem}")[group]
    if find_target(spec["_target_"], where=group) is PretrainedModel:
        # Its identity is that of its files, which are on the hub or in a package of 98 MB.
        for name in ("config.json", "tokenizer.json", "model.safetensors"):
            (tmp_path / name).write_text("{}")
        spec["name"] = str(tmp_path)
    return spec


@pytest.fixture
def component(path, spec):
    return make_component(spec, where=path.parent.name)


def test_every_group_that_is_hashed_is_here_and_the_others_have_no_identity():
    assert {path.parent.name for path in FILES} == HASHED
    assert set(COMPONENT_GROUPS) - HASHED == {"questions", "prefixes", "logger"}
    for path in CONF.rglob("*.yaml"):
        if path.parent.name in ("questions", "prefixes", "logger"):
            target = find_target(yaml.safe_load(path.read_text())["_target_"], where=path.parent.name)
            assert not issubclass(target, Component), path


def test_every_class_that_states_an_identity_is_tested_here_or_beside_it():
    """Their versions are raised below; those of the others in the tests of ``controls``, ``models`` and ``evaluation``."""
    for path in PACKAGE.rglob("*.py"):
        if "Component" in path.read_text() or path.parent.name in ("optimizers", "rankers", "judging", "controls"):
            import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"))
    named = {
        find_target(yaml.safe_load(path.read_text())["_target_"], where="").__qualname__
        for path in FILES
        if "_target_" in path.read_text()
    }
    concrete = {each.__qualname__ for each in subclasses(Component) if not inspect.isabstract(each)}
    elsewhere = {
        *("AnswerCopies", "AnswerPairs", "RandomCandidates", "RandomThoughts"),  # tests/controls/test_choices.py
        *("GGUFPackageModel", "HuggingFaceModel"),  # inside PretrainedModel: tests/models/test_pretrained.py
        "ReferenceScorer",  # tests/evaluation/test_scoring.py
    }
    bases = {
        "BaseJudge",
        "ComparisonRanker",
        "EngineComponent",
        "LocalEngineComponent",
        "NamedModel",
        "NonAdaptiveRanker",
        "_NamedComponent",
    }
    assert concrete - bases - elsewhere - named == set()


def subclasses(of):
    """Those of this package, at any depth."""
    for each in of.__subclasses__():
        if each.__module__.startswith("thoughtrank."):
            yield each
            yield from subclasses(each)


@EVERY_FILE
def test_a_raised_version_changes_the_identity(component, monkeypatch):
    before = component.identity()
    assert component.identity() == before
    monkeypatch.setattr(type(component), "version", type(component).version + 1)
    assert component.identity() != before


@EVERY_FILE
def test_nothing_in_an_identity_still_depends_on_the_machine(component):
    if isinstance(component, GainSelector):
        component = component.for_engine(scores=True)
    assert "auto" not in flat(component.identity())


def flat(value):
    """All values, however deep inside."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [each for part in inner for each in flat(part)]
    return [value]


OTHER = {
    "api_key_env": "ANOTHER_KEY",
    "load_command": ["load"],
    "price_per_million": [1.0, 2.0],
    "python": "another/python",
    "data_parallel": 3,
    "devices": 3,
    "concurrency": 3,
    "base_urls": ["http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"],
}
"""Other values of operational settings that are no numbers."""


@EVERY_FILE
def test_no_operational_setting_changes_the_identity(path, spec, component):
    group = path.parent.name
    for key in sorted(type(component).operational):
        value = spec.get(key, inspect.signature(type(component)).parameters[key].default)
        changed_value = not value if isinstance(value, bool) else OTHER[key] if key in OTHER else (value or 0) + 1
        other = make_component({**spec, key: changed_value}, where=group)
        assert other.identity() == component.identity(), key


@EVERY_FILE
def test_what_is_declared_operational_is_an_argument_of_the_constructor(component):
    assert type(component).operational <= inspect.signature(type(component)).parameters.keys()


@EVERY_FILE
def test_the_same_file_has_the_same_identity_and_it_is_plain_json(component):
    assert yaml.safe_load(yaml.safe_dump(component.identity())) == component.identity()


# Components of the user's own.


@pytest.fixture
def values(tmp_path, monkeypatch):
    """The default config, and a module of the user's own on the path."""
    (tmp_path / "my_components.py").write_text(
        "from thoughtrank.instantiate import Component\n"
        "class Forgetful:\n"
        "    def __init__(self): ...\n"
        "    def faults(self): return []\n"
        "class MyOptimizer(Component):\n"
        "    pass\n"
        "class MySelection(Component):\n"
        "    def notes(self): return []\n"
        "    def select(self, candidates, ranking): return list(candidates)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return composed("model=tiny", "logger=none")


def with_components(values, **targets):
    return load_config({**values, **{group: {"_target_": target} for group, target in targets.items()}})


def test_a_component_that_lacks_members_is_refused_and_all_groups_are_named_at_once(values):
    config = with_components(
        values,
        selection="my_components.Forgetful",
        ranker="my_components.Forgetful",
        optimizer="my_components.MyOptimizer",
    )
    with pytest.raises(UserError) as caught:
        make_components(config)
    faults = {fault.partition(".")[0]: fault for fault in caught.value.faults}
    assert faults.keys() == {"selection", "ranker", "optimizer"}
    assert "Forgetful lacks identity, notes, operational, select, version of" in faults["selection"]
    assert "thoughtrank.selection.protocol.Selector" in faults["selection"]
    assert "inherit thoughtrank.instantiate.Component" in faults["selection"]
    for member in ("identity", "max_work", "plan", "result", "start", "update"):
        assert member in faults["ranker"]
    assert "faults" not in faults["selection"].partition(" lacks ")[2].partition(" of ")[0]
    assert "build" in faults["optimizer"]


def test_missing_members_are_named_beside_the_other_faults_of_a_config(values):
    config = load_config(
        {**changed(values, "engine.dtype", "int4"), "selection": {"_target_": "my_components.Forgetful"}}
    )
    with pytest.raises(UserError) as caught:
        make_components(config)
    assert sorted(fault.partition(":")[0] for fault in caught.value.faults) == ["engine.dtype", "selection._target_"]


def test_a_component_that_inherits_the_defaults_passes(values):
    made = make_components(with_components(values, selection="my_components.MySelection")).selection
    assert isinstance(made, Component)
    assert made.identity() == {"component": "MySelection", "version": 1}
    assert made.faults() == []


# How the components of a run fit together.


def test_a_scorer_of_the_questions_is_the_judges_too(values, monkeypatch):
    from thoughtrank.questions.word_problems.source import WordProblems

    class Generous(Component):
        def score(self, reply, *, question_id, reference):
            return 1.0

    scorer = Generous()
    monkeypatch.setattr(WordProblems, "scorer", scorer)
    judge = make_components(load_config(values)).judge
    assert judge.identity() != make_component(values["judge"], where="judge").identity()
    assert "Generous" in str(judge.identity())


def test_imported_candidates_give_the_questions_of_round_1(values, tmp_path):
    assert make_components(load_config(values)).imported is None
    ImportedCandidates(tmp_path / "import").write(questions=[Question("mine", "Why?")], candidates=[])
    components = make_components(load_config({**values, "candidates": str(tmp_path / "import")}))
    assert isinstance(components.questions, ImportedQuestions)
    assert [question.question_id for question in components.questions.train(1)] == ["mine"]
