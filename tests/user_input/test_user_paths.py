from pathlib import Path

import pytest

from thoughtrank.user_input.user_paths import address_of, user_path


def test_the_home_folder_is_filled_in_and_an_unknown_user_is_left(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert user_path("~/model") == Path("/home/me/model")
    assert user_path("~no_such_user/model") == Path("~no_such_user/model")
    assert user_path("a/b") == Path("a/b")


@pytest.mark.parametrize(
    "name", ["https://example.org/a/q.jsonl?x=1", "s3://bucket/q", "hf://a/b", "https://a/" + "b" * 300]
)
def test_an_address_is_known_although_a_path_has_no_two_slashes_in_a_row(name):
    assert address_of(Path(name)) == name


@pytest.mark.parametrize("name", ["a/b.jsonl", "/a:/b", "C:/rows.jsonl", "a:b", "~/x:/y", "."])
def test_a_path_is_no_address(name):
    assert address_of(Path(name)) is None


def test_a_folder_with_a_colon_is_no_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data:").mkdir()
    (tmp_path / "data:" / "q.jsonl").touch()
    assert address_of(Path("data:/q.jsonl")) is None
