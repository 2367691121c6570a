from dataclasses import replace
from pathlib import Path

import yaml
from jobs import make_job

from thoughtrank.finetuning.job import TrainingJob


def test_a_written_job_is_read_back_as_it_was(tmp_path):
    job = replace(make_job(Path("model"), Path("examples"), tmp_path / "out", min_steps=7), examples=("one", "two"))
    job.write(tmp_path / "job.yaml")
    assert TrainingJob.read(tmp_path / "job.yaml") == job


def test_the_file_holds_plain_values_that_any_reader_of_yaml_understands(tmp_path):
    job = make_job(Path("model"), Path("examples"), tmp_path / "out")
    job.write(tmp_path / "job.yaml")
    values = yaml.safe_load((tmp_path / "job.yaml").read_text())
    assert values["examples"] == ["examples"]
    assert values["optimizer"]["lr"] == 1e-3
