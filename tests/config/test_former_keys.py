import pytest
from composing import CONF
from hydra import compose, initialize_config_dir

from thoughtrank.config.former_keys import present_keys


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_the_keys_of_the_only_logger_of_older_versions_are_those_of_wandb(sign):
    assert present_keys([f"{sign}logger.project=a,b"]) == [f"{sign}logger.wandb.project=a,b"]
    assert present_keys(["-m", "seed=0", f"{sign}logger.candidate_rows=5"]) == [
        "-m",
        "seed=0",
        f"{sign}logger.wandb.candidate_rows=5",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["logger.wandb.project=a"],
        ["run=logger.project"],
        ["export.name=logger.project=a"],
        ["--config-dir", "logger.project"],
        ["logger=mine", "logger.project=a"],
        ["logger=[csv,tensorboard]", "logger.project=a"],
    ],
)
def test_everything_else_stays(arguments):
    assert present_keys(arguments) == arguments


def test_a_chosen_wandb_has_its_former_keys_too():
    assert present_keys(["logger=[wandb,csv]", "logger.project=a"])[1] == "logger.wandb.project=a"


def test_hydra_takes_a_former_key_as_it_is_typed():
    with initialize_config_dir(config_dir=str(CONF), version_base="1.3"):
        config = compose("config", overrides=present_keys(["logger=[csv,wandb]", "logger.project=mine"]))
    assert config.logger.wandb.project == "mine"
    assert list(config.logger) == ["_target_", "csv", "wandb"]
