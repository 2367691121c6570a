import pytest
from shadowing_files import write_shadowing_files


@pytest.fixture
def shadowed_folder(tmp_path, monkeypatch):
    """A working folder with such files, and a module of the user's own."""
    write_shadowing_files(tmp_path)
    (tmp_path / "my_part.py").write_text("print('found')")
    monkeypatch.chdir(tmp_path)
    return tmp_path
