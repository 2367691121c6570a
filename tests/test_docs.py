"""The documentation says what the config says: pages, keys, defaults, links and command lines."""

import ast
import html
import os
import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from docs_pages import CONF, DOCS, GROUPS, PACKAGE, ROOT, TEXTS
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from thoughtrank.config.components import make_components
from thoughtrank.config.run_identity import operational_config_keys
from thoughtrank.config.schema import load_config
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.win_rates import JudgedPair
from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.prefixes.openers import Opener
from thoughtrank.questions.screening import ScreenedQuestion
from thoughtrank.records import Candidate, Example, Gain, Question, RankedCandidate
from thoughtrank.report.prefix_statistics import RoundPrefix

CHOICES = sorted(path for path in CONF.glob("*/*.yaml") if path.parent.name != "experiment")
TOP = yaml.safe_load((CONF / "config.yaml").read_text())
TOP_KEYS = {key: value for key, value in TOP.items() if key not in ("defaults", "hydra")}
DEFAULT_CHOICES = {
    group: choice
    for entry in TOP["defaults"]
    if isinstance(entry, dict)
    for group, choice in entry.items()
    if not group.startswith("override ") and choice is not None
}


def page_of(group):
    return (DOCS / "config" / f"{group}.md").read_text()


def tables(text):
    """Every table as a list of rows, each a mapping from column title to cell."""
    for block in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
        titles, _, *rows = lines
        for row in rows:
            assert len(row) == len(titles), f"a row of {len(row)} cells under {len(titles)} titles: {row}"
        yield [dict(zip(titles, row, strict=True)) for row in rows]


def quoted_defaults(text):
    """(choice, key) to the default that a page quotes, read as YAML."""
    found = {}
    for table in tables(text):
        for row in table:
            for title, cell in row.items():
                choice = re.fullmatch(r"default in `([\w.]+)`", title)
                if choice and cell != "–":
                    found[choice[1], row["key"].strip("`")] = yaml.safe_load(html.unescape(cell.strip("`")))
                elif title == "default" and "choice" in row:
                    found[row["choice"].strip("`"), row["key"].strip("`")] = yaml.safe_load(cell.strip("`"))
    return found


def expected_defaults(path, prefix):
    values = TOP_KEYS if path.parent == CONF else yaml.safe_load(path.read_text()) or {}
    return {(path.stem, f"{prefix}{key}"): value for key, value in flat(values).items()}


def flat(values):
    """Keys as they are typed: those of a part inside a part too."""
    pairs = {}
    for key, value in values.items():
        if isinstance(value, dict) and "_target_" in value:
            pairs |= {f"{key}.{inner}": each for inner, each in flat(value).items()}
        elif key != "_target_":
            pairs[key] = value
    return pairs


def test_there_is_something_to_check():
    assert len(GROUPS) >= 15
    assert len(CHOICES) >= 24
    assert sorted(DEFAULT_CHOICES) == GROUPS


@pytest.mark.parametrize(
    ("title", "record"),
    [
        ("0_openers", Opener),
        ("0_screening", ScreenedQuestion),
        ("1_candidates", Candidate),
        ("2_rankings", RankedCandidate),
        ("2_gains", Gain),
        ("3_examples", Example),
        ("5_replies", HeldOutReply),
        ("questions", Question),
        ("prefixes", RoundPrefix),
        ("5_win_rates", JudgedPair),
    ],
)
def test_every_column_of_a_table_stands_in_the_page_of_the_run_folder(title, record):
    _, found, section = (DOCS / "run_folder.md").read_text().partition(f"\n### {title}\n")
    assert found
    named = [row["column"] for table in tables(section.partition("\n##")[0]) for row in table]
    assert sorted(re.findall(r"`(\w+)`", " ".join(named))) == sorted(field.name for field in fields(record))


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_has_a_page_with_its_choices_and_classes(group):
    text = page_of(group)
    choices = {row["choice"].strip("`") for table in tables(text) for row in table if "choice" in row}
    files = {path.stem: yaml.safe_load(path.read_text()) or {} for path in CHOICES if path.parent.name == group}
    assert choices == set(files)
    assert f"Default choice: `{DEFAULT_CHOICES[group]}`." in " ".join(text.split())
    for values in files.values():
        assert values.get("_target_", "") in text


@pytest.mark.parametrize("group", GROUPS)
def test_every_key_stands_in_its_page_with_the_default_of_the_yaml_file(group):
    expected = {}
    for path in CHOICES:
        if path.parent.name == group:
            expected |= expected_defaults(path, f"{group}.")
    assert quoted_defaults(page_of(group)) == expected


def test_every_experiment_stands_in_its_page():
    text = page_of("experiment")
    experiments = sorted(CONF.glob("experiment/*.yaml"))
    assert experiments
    assert {row["choice"].strip("`") for table in tables(text) for row in table} == {path.stem for path in experiments}


def test_the_top_level_page_has_every_key_default_and_choice():
    text = page_of("top_level")
    assert quoted_defaults(text) == expected_defaults(CONF / "config.yaml", "")
    pairs = dict(
        re.findall(r"\| `(\w+)` \| `(\w+)` (?=\|)", text.partition("## The default choices")[2].partition("##")[0])
    )
    assert pairs == DEFAULT_CHOICES


def test_the_top_level_page_names_every_key_that_may_change_between_attempts():
    section = page_of("top_level").partition("## What may change between attempts")[2].partition("##")[0]
    files = [path for path in CONF.rglob("*.yaml") if path.parent != CONF]
    keys = {
        key for path in files for key in operational_config_keys({path.parent.name: yaml.safe_load(path.read_text())})
    }
    assert {"keep", "judge.budget", "engine.concurrency", "training.log_every"} <= keys
    assert not [key for key in keys if f"`{key}`" not in section]


def test_the_example_of_a_component_of_ones_own_works(tmp_path, monkeypatch):
    text = page_of("top_level").partition("## Your own components")[2]
    for language in ("python", "yaml"):
        block = re.search(rf"^```{language}\n# (\S+)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
        (tmp_path / block[1]).parent.mkdir(parents=True)
        (tmp_path / block[1]).write_text(block[2])
    monkeypatch.syspath_prepend(tmp_path)
    with initialize_config_dir(config_dir=str(CONF), version_base="1.3"):
        composed = compose("config", overrides=[f"hydra.searchpath=[file://{tmp_path / 'my_conf'}]", "judge=nearest"])
    values = OmegaConf.to_container(composed, resolve=True)
    judge = make_components(load_config(values)).judge
    assert judge.identity() == {"component": "NearestLength", "version": 1, "words": 12}
    assert "judge.concurrency" in operational_config_keys(values)
    request = JudgeRequest(
        question_id="q",
        question="?",
        answers=(AnswerView("a", "one"), AnswerView("b", "one " * 13)),
        reference=None,
        seed=0,
    )
    assert judge.judge(request).groups == (("b",), ("a",))
    values["judge"]["words"] = 0
    assert make_components(load_config(values)).judge.faults() == ["judge.words=0: must be 1 or more"]


def test_every_module_has_a_line_in_the_architecture():
    named = set()
    for section in re.split(r"^#+ ", (DOCS / "architecture.md").read_text(), flags=re.MULTILINE):
        title = section.partition("\n")[0]
        rooms = re.findall(r"thoughtrank/(?:\w+/)*", title)
        files = re.findall(r"^\| `(\w+\.py)` \|", section, flags=re.MULTILINE)
        named |= {f"{room}{file}" for room in rooms for file in files}
    modules = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}
    assert modules - named == set()
    assert named - modules == set()


@pytest.mark.parametrize("page", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_of_the_project_that_a_page_names_exists(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    named = re.findall(r"`((?:thoughtrank|tests|benchmarks|conf|docs)/[\w./]*)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_function_of_the_data_flow_exists():
    flow = (DOCS / "architecture.md").read_text().partition("## Data flow")[2].partition("\n## ")[0]
    paths = [
        path
        for path in re.findall(r"`([a-z]\w*(?:\.\w+)+)`", flow)
        if (PACKAGE / path.partition(".")[0]).is_dir() or (PACKAGE / f"{path.partition('.')[0]}.py").exists()
    ]
    assert len(paths) >= 25
    assert [path for path in paths if not defined(path)] == []


def defined(path):
    """Whether ``room.module.Class.method`` is in the source text; nothing is imported."""
    folder, parts = PACKAGE, path.split(".")
    while parts and (folder / parts[0]).is_dir():
        folder /= parts.pop(0)
    module = folder / f"{parts.pop(0)}.py" if parts else folder
    if not module.is_file():
        return False
    body = ast.parse(module.read_text()).body
    for name in parts:
        found = [node for node in body if getattr(node, "name", None) == name]
        if not found:
            return False
        body = found[0].body
    return True


def slug(heading):
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return plain.replace(" ", "-")


@pytest.mark.parametrize("page", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = Path(os.path.normpath(page.parent / name)) if name else page
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", path.read_text(), flags=re.MULTILINE)
            assert anchor in [slug(heading) for heading in headings], target
