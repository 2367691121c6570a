"""Folders that cannot be written are reported before anything is made."""

import os

import pytest
from composing import composed

from thoughtrank.config.folders import folder_faults
from thoughtrank.config.schema import load_config


def faults_of(**values):
    return folder_faults(load_config({**composed("model=tiny"), **values}))


@pytest.fixture
def writable(tmp_path):
    return {"runs_dir": str(tmp_path / "runs"), "cache_dir": str(tmp_path / "deep" / "cache")}


def test_folders_that_do_not_exist_yet_are_in_order_and_are_not_made(writable, tmp_path):
    assert faults_of(**writable) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["runs_dir", "cache_dir"])
def test_a_file_in_place_of_a_folder_is_named_with_its_key(writable, tmp_path, key):
    (tmp_path / "file").write_text("")
    for value in (tmp_path / "file", tmp_path / "file" / "inner"):
        [fault] = faults_of(**{**writable, key: str(value)})
        assert fault.startswith(f"{key}={value}: {tmp_path}/file is not a folder")


@pytest.mark.parametrize("key", ["runs_dir", "cache_dir"])
def test_a_folder_in_the_home_directory_is_looked_for_there(writable, tmp_path, monkeypatch, key):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").write_text("")
    [fault] = faults_of(**{**writable, key: "~/file"})
    assert fault.startswith(f"{key}=~/file: {tmp_path}/file is not a folder")


@pytest.mark.parametrize("key", ["runs_dir", "cache_dir"])
@pytest.mark.parametrize("value", ["", " "])
def test_a_folder_without_a_path_is_named(writable, key, value):
    assert faults_of(**{**writable, key: value}) == [f"{key} is empty: give the path of a folder"]


def test_a_file_in_place_of_the_run_folder_is_named(writable, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").write_text("")
    [fault] = faults_of(**writable, run="mine")
    assert f"{tmp_path}/runs/mine is not a folder" in fault


@pytest.mark.parametrize("key", ["runs_dir", "cache_dir"])
def test_a_folder_that_cannot_be_written_is_named_with_its_key(writable, key):
    # Nobody can make a file in /proc, not even root.
    [fault] = faults_of(**{**writable, key: "/proc/thoughtrank"})
    assert fault.startswith(f"{key}=/proc/thoughtrank: cannot be written (")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_permission_to_write_is_named(writable, tmp_path):
    tmp_path.chmod(0o555)
    assert ["Permission denied" in fault for fault in faults_of(**writable)] == [True, True]


def test_a_name_that_cannot_exist_is_reported(writable):
    [fault] = faults_of(**{**writable, "cache_dir": "x" * 300})
    assert "File name too long" in fault
    [fault] = faults_of(**{**writable, "cache_dir": "a\0b"})
    assert "null byte" in fault
