import shutil

from thoughtrank.chat.folders import base_folder, model_folder


def test_a_run_stands_for_its_export_and_a_round_for_its_model(run, tmp_path, tiny_folder):
    assert model_folder(run, round_number=None) == run / "export"
    assert model_folder(run, round_number=2) == run / "round_2" / "4_model"
    assert model_folder(run, round_number=0) == tmp_path / "base"
    assert model_folder(tiny_folder, round_number=None) == tiny_folder
    for inside in (run, run / "export", run / "round_2" / "4_model"):
        assert base_folder(inside) == tmp_path / "base"


def test_a_model_that_a_run_does_not_have_is_one_message(run, tiny_folder, tmp_path, faults_of):
    shutil.rmtree(run / "export")
    (fault,) = faults_of(run)
    assert fault == f"{run} has no export yet: give --round; its rounds with a model: 1, 2"
    (fault,) = faults_of(run, "--round", "7")
    assert "no model of round 7" in fault
    (fault,) = faults_of(tiny_folder, "--round", "1")
    assert "is not a run" in fault
    (fault,) = faults_of(tmp_path / "none", "--round", "1")
    assert "none: no such folder" in fault
    (tmp_path / "begun").mkdir()
    shutil.copy(run / "config.yaml", tmp_path / "begun")
    for more in ([], ["--round", "1"]):
        (fault,) = faults_of(tmp_path / "begun", *more)
        assert fault.endswith("begun has no model yet: repeat the run's command to finish its first round")
    (fault,) = faults_of(tiny_folder, "--compare")
    assert "its base model is known only inside a run" in fault
    shutil.rmtree(tmp_path / "base")
    (fault,) = faults_of(run, "--round", "0")
    assert "is no longer in the cache" in fault
