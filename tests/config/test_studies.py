"""Every job of the studies of several runs is composed and checked as its run would be."""

from pathlib import Path

import pytest
import yaml
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.preflight import preflight
from thoughtrank.config.schema import load_config
from thoughtrank.errors import UserError
from thoughtrank.prefixes.prefix_sets import most_prefixes
from thoughtrank.report.study.kept_runs import settings_of

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
STUDIES = {path.parent.name: settings_of(path.parent) for path in sorted(EXPERIMENTS.glob("*/settings"))}
JOBS = [(study, setting) for study, settings in STUDIES.items() for setting in settings]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder without a run, the same for all tests, which then compose a job once."""
    return tmp_path_factory.mktemp("runs")


def job(study, setting, *, runs="runs"):
    search = f"hydra.searchpath=[file://{EXPERIMENTS}]"
    return composed(search, f"+{study}=config", f"{study}/settings={setting}", "seed=2", f"runs_dir={runs}")


def faults_of_job(study, setting, *, runs):
    config = load_config(job(study, setting, runs=runs))
    try:
        preflight(config, make_components(config))
    except UserError as error:
        return list(error.faults)
    return []


def test_the_page_of_experiments_lists_all_studies():
    text = (EXPERIMENTS / "README.md").read_text()
    assert len(STUDIES) >= 6
    assert [study for study in STUDIES if f"[{study}]({study}/README.md)" not in text] == []


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_sweeps_over_its_settings_and_three_seeds(study):
    hydra = yaml.safe_load((EXPERIMENTS / study / "config.yaml").read_text())["hydra"]
    assert (hydra["mode"], hydra["sweep"]["dir"]) == ("MULTIRUN", f"multirun/{study}")
    assert list(hydra["sweeper"]["params"].items())[1:] == [("seed", "0,1,2")]
    assert {path.stem for path in (EXPERIMENTS / study / "settings").glob("*.yaml")} == set(STUDIES[study])


@pytest.mark.parametrize(("study", "setting"), JOBS)
def test_a_job_has_its_own_run_and_no_faults(study, setting, runs):
    assert job(study, setting, runs=runs)["run"] == f"{study}/{setting}-seed2"
    faults = faults_of_job(study, setting, runs=runs)
    if setting.startswith("pruned_"):  # chosen on a run of the study itself
        [fault] = faults
        assert f"{runs}/which_prefixes/all-seed0: no such folder" in fault
    else:
        assert faults == []


@pytest.mark.parametrize(("study", "setting"), JOBS)
def test_what_a_study_does_not_set_is_as_in_the_quickstart(study, setting, runs):
    values, quickstart = job(study, setting, runs=runs), composed("experiment=quickstart")
    assert values["optimizer"] == quickstart["optimizer"]
    for group, keys in {
        "questions": ("held_out_unseen", "max_number"),
        "selection": ("check_calculations",),
        "training": ("epochs", "min_steps", "batch_size"),
    }.items():
        assert {key: values[group][key] for key in keys} == {key: quickstart[group][key] for key in keys}


def test_mined_openers_start_from_the_words_that_they_are_compared_with():
    words, mined = (job("exploration", setting)["prefixes"] for setting in ("words", "mined"))
    assert mined["mined"]["fallback"] == words["operations"]["values"]
    assert mined["mined"]["count"] == len(words["operations"]["values"])


def test_settings_of_exploration_have_about_as_many_candidates():
    counts = {}
    for setting in STUDIES["exploration"]:
        config = load_config(job("exploration", setting))
        parts = make_components(config)
        asked, prefixes = parts.questions.train_per_round, most_prefixes(parts.prefixes)
        full = prefixes * (config.rounds + (config.rounds - 1) * (len(config.generation.models) - 1))
        looks = parts.questions.screen_prefixes + 1
        screened = config.rounds * parts.questions.screen * looks if parts.questions.screen > 1 else 0
        counts[setting] = asked * (full + screened)
    assert min(counts.values()) >= 0.95 * max(counts.values()), counts
    assert counts["words"] == 1920


def test_which_prefixes_has_88():
    assert most_prefixes(make_components(load_config(job("which_prefixes", "all"))).prefixes) == 88
