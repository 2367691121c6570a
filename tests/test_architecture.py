"""Imports point one way, from the command line down to the records. Every rule is read from the source text."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "thoughtrank"
ORDER = (
    ("process",),
    ("output",),
    ("errors",),
    ("user_input", "entry_point"),
    ("records", "instantiate"),
    ("storage", "http_api"),
    ("evaluation", "prefixes"),
    ("questions",),
    ("prompting",),
    ("models",),
    ("engines", "judging", "finetuning"),
    ("rankers", "gains"),
    ("selection", "controls"),
    ("report",),
    ("config",),
    ("stages", "data", "chat"),
    ("rounds",),
    ("pipeline",),
    ("attempt",),
    ("run",),
    ("api",),
    ("cli",),
    ("__main__", "chat_with"),
)
"""Rooms and loose modules from the bottom up: each imports only from the lines above its own."""
LEVELS = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
HEAVY = ("torch", "transformers", "pytorch_lightning", "deepspeed", "wandb", "openai")


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(name, nodes):
    """Full names that import statements among ``nodes`` load; of the package's own only those of modules."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, node.module] if node.module else above)
            inner = [f"{source}.{alias.name}" for alias in node.names]
            yield from (each for each in inner if each in MODULES)
            if source not in MODULES or any(each not in MODULES for each in inner):
                yield source


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def run_on_import(nodes):
    """The statements that run when the module is imported; not those inside functions or for type checkers only."""
    for node in nodes:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not is_for_type_checkers(node):
            yield from run_on_import(ast.iter_child_nodes(node))


TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}
IMPORTS = {name: set(imported(name, ast.walk(tree))) for name, tree in TREES.items()}
EAGER = {name: set(imported(name, run_on_import([tree]))) for name, tree in TREES.items()}


def outside_functions(nodes):
    """Statements of a module outside of its functions, those for type checkers included."""
    for node in nodes:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from outside_functions(ast.iter_child_nodes(node))


FOR_TYPES = {name: set(imported(name, outside_functions([tree]))) for name, tree in TREES.items()}


def inside(name, *packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def importers(*packages):
    """Modules that import anything inside ``packages`` from outside of it, anywhere in their text."""
    return {
        name
        for name, found in IMPORTS.items()
        if not inside(name, *packages) and any(inside(each, *packages) for each in found)
    }


def test_the_rules_are_read_from_real_modules():
    assert len(MODULES) > 40
    assert "thoughtrank.config.schema" in IMPORTS["thoughtrank.config.preflight"]
    assert "torch" in IMPORTS["thoughtrank.engines.transformers"]
    assert "torch" not in EAGER["thoughtrank.engines.transformers"]
    assert "thoughtrank.pipeline" in IMPORTS["thoughtrank.attempt"]
    assert "thoughtrank.finetuning.batching.examples" not in EAGER["thoughtrank.finetuning.objectives"]


def test_stages_do_not_know_each_other():
    shared = {
        f"thoughtrank.stages.{name}"
        for name in ("stage", "judged_stage", "round_models", "candidate_tags", "arm_replies")
    }
    stages = {name for name in MODULES if name.startswith("thoughtrank.stages.")} - shared
    assert len(stages) >= 6
    for stage in stages:
        assert not [found for found in IMPORTS[stage] if inside(found, *(stages - {stage}))], stage


def test_only_the_pipeline_and_an_attempt_at_a_run_know_rounds():
    assert importers("thoughtrank.rounds") == {"thoughtrank.pipeline", "thoughtrank.attempt"}


def test_nothing_but_the_entry_point_imports_the_command_line():
    assert importers("thoughtrank.cli") == {"thoughtrank.__main__"}


def test_only_an_attempt_at_a_run_imports_the_pipeline():
    assert importers("thoughtrank.pipeline") == {"thoughtrank.attempt"}


def test_only_the_command_line_and_the_python_api_know_hydra():
    composing = {"thoughtrank.api.compose", "thoughtrank.api.overrides"}
    assert importers("hydra", "omegaconf") == {"thoughtrank.cli", *composing}


def room_of(name):
    return name.split(".")[1]


def test_every_room_has_its_level():
    assert {room_of(name) for name in MODULES if "." in name} == set(LEVELS)


def test_no_room_imports_one_above_it_or_beside_it():
    upward = [
        f"{name} -> {each}"
        for name, found in IMPORTS.items()
        if "." in name
        for each in found
        if each in MODULES and "." in each and room_of(each) != room_of(name)
        if LEVELS[room_of(each)] >= LEVELS[room_of(name)]
    ]
    assert not upward


def test_no_import_goes_in_a_circle():
    try:
        TopologicalSorter(
            {name: {each for each in found if each in MODULES and each != name} for name, found in FOR_TYPES.items()}
        ).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def loaded_by(program):
    """Which heavy packages a fresh process has loaded after ``program``."""
    program += f"\nimport sys\nprint('loaded:', *sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[-1].split()[1:]


def test_a_heavy_package_would_be_noticed():
    assert loaded_by("import torch") == ["torch"]


def test_a_config_is_composed_and_its_components_are_made_without_a_heavy_package():
    program = (
        "from hydra import compose, initialize_config_dir\n"
        "from omegaconf import OmegaConf\n"
        "from thoughtrank import cli\n"
        "from thoughtrank.config import components\n"
        "from thoughtrank.config.schema import load_config\n"
        "with initialize_config_dir(config_dir=str(cli.CONFIG_FOLDER), version_base='1.3'):\n"
        "    values = OmegaConf.to_container(compose('config'), resolve=True)\n"
        "components.make_components(load_config(values))"
    )
    assert loaded_by(program) == []


@pytest.mark.parametrize(
    "module",
    [
        "cli",
        "config.schema",
        "config.preflight",
        "config.dry_run.plan",
        "storage.stage_reuse",
        "records",
        "prompting.thought_tags",
    ],
)
def test_modules_that_answer_at_once_load_nothing_heavy(module):
    assert loaded_by(f"import thoughtrank.{module}") == []


# Sizes, types and tests.

DECLARATIONS = "declarations only"
WORDINGS = "wordings, which test_wordings.py and test_answers.py read through the source"
WITHOUT_A_TEST = {
    "thoughtrank.__main__": "two lines, run by tests/test_cli.py",
    "thoughtrank.chat_with": "the former name of thoughtrank.chat",
    "thoughtrank.records": DECLARATIONS,
    "thoughtrank.finetuning.__main__": "run by test_train.py and test_strategies.py as a process",
    "thoughtrank.finetuning.memory.sharding": DECLARATIONS,
    "thoughtrank.finetuning.optimizers.adam_family": DECLARATIONS,
    "thoughtrank.models.named_model": "the base of three classes that have their tests",
    "thoughtrank.engines.decoding.devices.records": DECLARATIONS,
    "thoughtrank.engines.protocol": DECLARATIONS,
    "thoughtrank.evaluation.arms.protocol": DECLARATIONS,
    "thoughtrank.controls.protocol": "the base of controls that have their tests",
    "thoughtrank.controls.result": DECLARATIONS,
    "thoughtrank.models.protocol": DECLARATIONS,
    "thoughtrank.prefixes.protocol": DECLARATIONS,
    "thoughtrank.rankers.protocol": DECLARATIONS,
    "thoughtrank.selection.protocol": DECLARATIONS,
    "thoughtrank.questions.word_problems.daily_life": WORDINGS,
    "thoughtrank.questions.word_problems.one_step": WORDINGS,
    "thoughtrank.questions.word_problems.two_step": WORDINGS,
    "thoughtrank.questions.word_problems.unseen_families": WORDINGS,
}
FUNCTIONS = [
    (name, node)
    for name, tree in TREES.items()
    for node in ast.walk(tree)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]


def test_every_module_has_its_test_at_the_mirrored_path():
    without = set()
    for name, path in MODULES.items():
        place = ROOT / "tests" / path.relative_to(PACKAGE).parent
        stem = "main" if path.stem == "__main__" else path.stem
        if path.stem != "__init__" and not (place / f"test_{stem}.py").exists():
            without.add(name)
    assert without == set(WITHOUT_A_TEST)


def test_files_and_functions_are_small():
    lines = sorted(len(path.read_text().splitlines()) for path in MODULES.values() if path.stem != "__init__")
    assert lines[len(lines) // 2] <= 130
    assert lines[-1] <= 300
    lengths = sorted((node.end_lineno - node.lineno + 1, f"{name}.{node.name}") for name, node in FUNCTIONS)
    assert lengths[len(lengths) * 9 // 10][0] <= 25
    assert lengths[-1][0] <= 60, lengths[-1]


def test_few_parameters_may_be_anything():
    arguments = [
        f"{name}.{node.name}({each.arg})"
        for name, node in FUNCTIONS
        for each in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        if each is not None and each.annotation is not None and ast.unparse(each.annotation).strip("'\"") == "Any"
    ]
    assert len(arguments) <= 20, arguments


def test_hardly_any_attribute_is_looked_for_by_name():
    calls = [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "hasattr")
    ]
    assert len(calls) <= 20, calls


def test_few_modules_stand_outside_of_a_room():
    assert len(list(PACKAGE.glob("*.py"))) <= 12
