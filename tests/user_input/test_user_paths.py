from pathlib import Path

from thoughtrank.user_input.user_paths import user_path


def test_the_home_folder_is_filled_in_and_an_unknown_user_is_left(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert user_path("~/model") == Path("/home/me/model")
    assert user_path("~no_such_user/model") == Path("~no_such_user/model")
    assert user_path("a/b") == Path("a/b")
