"""The experiments that ship with the package."""

from collections import Counter
from pathlib import Path

from composing import composed, faults_of

from thoughtrank.config.components import make_components
from thoughtrank.config.run_identity import config_differences
from thoughtrank.config.schema import load_config

MAKEFILE = Path(__file__).parents[2] / "Makefile"


def test_make_run_runs_the_quickstart_which_has_no_faults():
    assert "train.py experiment=quickstart run=quickstart\n" in MAKEFILE.read_text()
    assert faults_of("experiment=quickstart") == []


def test_the_kept_config_of_the_quickstart_is_the_run_of_make_run():
    kept = composed(f"hydra.searchpath=[file://{MAKEFILE.parent}/experiments]", "+quickstart=config")
    assert config_differences(composed("experiment=quickstart", "run=quickstart"), kept) == []
    assert kept["run"] == "quickstart"


def test_no_family_of_the_quickstart_runs_out_before_the_last_round():
    config = load_config(composed("experiment=quickstart"))
    questions = make_components(config).questions
    families = [Counter(each.family for each in questions.train(number)) for number in range(1, config.rounds + 1)]
    assert all(len(each) == 15 and min(each.values()) >= 5 for each in families), families
    assert Counter(each.unseen for each in questions.evaluation()) == {False: 400, True: 60}
