"""The page about the recipe on GPUs has the figures of the code."""

import re
import subprocess
from pathlib import Path

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.time_estimate import (
    operations_per_second,
    run_operations,
    training_operations_per_second,
)
from thoughtrank.config.schema import load_config
from thoughtrank.config.training_memory import training_parts
from thoughtrank.finetuning.memory.alternatives import table_rows
from thoughtrank.finetuning.memory.cards import CARDS

PAGE = (Path(__file__).parents[1] / "docs" / "recipe_on_gpus.md").read_text()


@pytest.fixture(scope="module")
def recipe():
    config = load_config(composed("experiment=llama3.2_3b_cot", "strategy.accelerator=cuda"))
    return config, make_components(config)


def cells(text):
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in text.strip().splitlines()]


def test_what_fits_is_what_the_arithmetic_says(recipe):
    config, components = recipe
    parts = training_parts(config.training, generation=config.generation, components=components)
    titles, _, *rows = cells(PAGE.partition("<!-- begin of what fits -->")[2].partition("<!-- end")[0])
    assert titles[1:] == [f"{card} GB" for card in CARDS]
    assert rows == table_rows(parts, shape=components.model.decoder_shape())


def test_hours_and_dollars_follow_from_rates_and_prices(recipe):
    config, components = recipe
    work = run_operations(
        config,
        weights=components.model.num_parameters(),
        prefixes=len(components.prefixes.prefixes()),
        questions=config.questions["train_per_round"],
        held_out=config.questions["held_out"],
    )
    assert f"The plan's arithmetic: {work.generation:.1e} operations".replace("e+", "e") in PAGE
    assert f"{work.training:.1e} for training".replace("e+", "e") in PAGE
    _, _, *rows = cells(re.search(r"^\| machine.*?\n\n", PAGE, flags=re.MULTILINE | re.DOTALL)[0])
    assert len(rows) == 3
    for machine, *numbers in rows:
        generation, training, price, hours, dollars = map(float, numbers)
        expected = (work.generation / generation + work.training / training) / 1e12 / 3600
        assert hours == pytest.approx(expected, abs=0.06), machine
        assert dollars == pytest.approx(expected * price, abs=0.6), machine


def test_the_rates_of_one_h100_are_those_of_the_plan():
    [row] = cells(re.search(r"^\| one H100.*", PAGE, flags=re.MULTILINE)[0])
    assert float(row[1]) * 1e12 == operations_per_second("cuda")
    assert float(row[2]) * 1e12 == training_operations_per_second("cuda")
    assert training_operations_per_second("cuda", processes=8) == 8 * training_operations_per_second("cuda")


def test_the_slurm_script_can_be_parsed_and_requeues_only_after_sigterm(tmp_path):
    script = re.search(r"^```\n(#!/bin/bash\n.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)[1]
    assert "#SBATCH --signal=TERM@" in script
    assert "#SBATCH --requeue" in script
    for status, requeued in ((143, True), (2, False), (0, False)):
        called = tmp_path / f"requeued{status}"
        commands = f"srun() {{ return {status}; }}\nscontrol() {{ echo $* > {called}; }}\n"
        done = subprocess.run(["bash", "-c", commands + script], env={"SLURM_JOB_ID": "7", "PATH": "/usr/bin:/bin"})
        assert done.returncode == status
        assert called.exists() is requeued
        assert not requeued or called.read_text() == "requeue 7\n"
