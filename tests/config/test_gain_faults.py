import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.gain_faults import gain_faults, stop_after_faults
from thoughtrank.config.preflight import config_faults
from thoughtrank.config.schema import load_config

SERVED = ("engine=openai", "engine.base_urls=[http://localhost:1/v1]")


def faults_of(check, *overrides):
    config = load_config(composed("model=tiny", "logger=none", *overrides))
    return check(config, make_components(config))


@pytest.mark.parametrize("setting", ["selection.thoughts=gain", "selection.min_gain=3", "selection.skip_known=true"])
def test_gains_need_an_engine_that_scores(setting):
    assert faults_of(gain_faults, *SERVED) == []
    [fault] = faults_of(gain_faults, *SERVED, setting)
    assert "need an engine that scores answers" in fault
    assert "engine.scores=true" in fault
    assert faults_of(gain_faults, *SERVED, setting, "engine.scores=true") == []
    assert faults_of(gain_faults, setting) == []


@pytest.mark.parametrize(
    "without_gains", [SERVED, ("selection.thoughts=hash",), ("selection.thoughts=shortest",)], ids=" ".join
)
def test_a_run_cannot_stop_after_gains_that_it_does_not_compute(without_gains):
    [fault] = faults_of(stop_after_faults, "stop_after=gains", *without_gains)
    assert fault.startswith("stop_after=gains: ")
    assert faults_of(stop_after_faults, "stop_after=selection", *without_gains) == []
    assert faults_of(stop_after_faults, "stop_after=gains") == []


def test_the_check_of_a_run_includes_both():
    values = composed("model=tiny", "logger=none", *SERVED, "stop_after=gains", "selection.min_gain=3")
    faults = config_faults(values)
    assert any("need an engine that scores answers" in fault for fault in faults)
    values = composed("model=tiny", "logger=none", "selection=best", "selection.thoughts=hash", "stop_after=gains")
    assert any(fault.startswith("stop_after=gains: ") for fault in config_faults(values))
