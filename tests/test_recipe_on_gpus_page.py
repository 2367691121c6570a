"""The page about the recipe on GPUs has the figures of the code."""

import re
import subprocess
from pathlib import Path

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.arm_questions import questions_by_arm
from thoughtrank.config.dry_run.candidate_counts import round_counts
from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.dry_run.generation_rate import H100, Card, generated_per_second, roofline
from thoughtrank.config.dry_run.machine_rates import H100_TRAINING, decoding
from thoughtrank.config.dry_run.time_estimate import H100_DOLLARS_PER_HOUR, run_operations
from thoughtrank.config.schema import load_config
from thoughtrank.config.training_memory import training_parts
from thoughtrank.engines.device_sizes import group_sizes
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
    weights = components.model.num_parameters()
    work = run_operations(
        config,
        weights=weights,
        counts=round_counts(config, components, rounds=range(1, config.rounds + 1)),
        held_out=questions_by_arm(config, components),
        scope=CommandScope.of_run(config),
    )
    generated, evaluated, trained = (
        work.generation / 2 / weights,
        work.evaluation / 2 / weights,
        work.training / 6 / weights,
    )
    assert f"candidates of {generated / 1e6:.0f} million tokens, evaluates {evaluated / 1e6:.1f} million" in PAGE
    assert f"trains on {trained / 1e6:.1f} million" in PAGE
    for machine, *numbers in machines():
        generation, evaluation, training, price, hours, dollars = numbers
        expected = (generated / generation + evaluated / evaluation + trained / training) / 3600
        assert hours == pytest.approx(expected, rel=0.02, abs=0.06), machine
        assert dollars == pytest.approx(expected * price, abs=0.6), machine


def machines():
    _, _, *rows = cells(re.search(r"^\| machine.*?\n\n", PAGE, flags=re.MULTILINE | re.DOTALL)[0])
    return [[name, *(float(number.replace(",", "")) for number in numbers)] for name, *numbers in rows]


def test_the_rates_are_those_of_the_plan(recipe):
    config, components = recipe
    weights = components.model.num_parameters()
    work = decoding(config, components, weights=weights, questions=group_sizes("cuda").questions)
    small = Card(bytes_per_second=1e12, operations_per_second=H100.operations_per_second / 6, memory=0.9 * 24e9)
    one, eight, lora = [numbers[:3] for _, *numbers in machines()]
    generated, trained = generated_per_second(H100, work), H100_TRAINING / 6 / weights
    assert one == pytest.approx([generated, generated, trained], rel=0.01)
    assert eight == pytest.approx([8 * generated, generated, 8 * trained], rel=0.01)
    assert lora == pytest.approx([*[generated_per_second(small, work)] * 2, trained / 6], rel=0.01)
    assert machines()[0][4] == H100_DOLLARS_PER_HOUR
    assert f"is {roofline(H100, work) / 1e3:.1f}".replace(".", ",") + "00 tokens/s" in PAGE
    assert f"{work.new_tokens:,.0f} tokens" in PAGE


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
