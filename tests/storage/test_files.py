import ast
import errno
from pathlib import Path

import pytest

from thoughtrank.storage.files import copy_file, link_or_copy, replacing, swap_folder, sync_tree, write_text

PACKAGE = Path(__file__).parents[2] / "thoughtrank"


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_as_a_whole_and_nothing_else_is_left(tmp_path, durable):
    path = tmp_path / "file"
    path.write_text("old")
    with replacing(path, durable=durable) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_file_and_takes_no_space(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def write_half():
        with replacing(path) as partial:
            partial.write_text("half")
            raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_one_name_of_a_linked_file_leaves_the_other(tmp_path):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    theirs.write_text("shared")
    link_or_copy(theirs, mine)
    assert mine.samefile(theirs)
    write_text(mine, "changed")
    assert theirs.read_text() == "shared"


def test_a_copy_onto_itself_has_an_inode_of_its_own(tmp_path):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    theirs.write_text("shared")
    mine.hardlink_to(theirs)
    copy_file(mine, mine)
    assert not mine.samefile(theirs)
    assert mine.read_text() == "shared"
    assert mine.stat().st_mtime_ns == theirs.stat().st_mtime_ns


def test_a_file_is_copied_where_it_cannot_be_linked(tmp_path, monkeypatch):
    def across(source, target):
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr("os.link", across)
    (tmp_path / "source").write_text("text")
    (tmp_path / "target").write_text("of an earlier attempt")
    link_or_copy(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_text() == "text"


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_takes_the_place_of_another(tmp_path, there):
    new, folder = tmp_path / "new", tmp_path / "folder"
    for each, text in [(new, "new"), *([(folder, "old")] if there else [])]:
        (each / "inner").mkdir(parents=True)
        (each / "inner" / "file").write_text(text)
    sync_tree(new)
    swap_folder(new, folder)
    assert (folder / "inner" / "file").read_text() == "new"
    assert list(tmp_path.iterdir()) == [folder]


def test_every_file_of_the_package_is_written_under_another_name_or_line_by_line():
    elsewhere = {
        (path.relative_to(PACKAGE).as_posix(), call)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _opens_for_writing(node) and "partial" not in (call := ast.unparse(node))
    }
    assert {name for name, _ in elsewhere} == {
        "engines/serving/server_process.py",  # what a server prints
        "output/terminal.py",  # the null device
        "storage/files.py",
        "storage/grouped_rows.py",  # in a temporary folder
        "storage/line_log.py",
        "storage/run_log.py",
    }, elsewhere


def _opens_for_writing(call):
    name = ast.unparse(call.func)
    texts = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    texts += [each.value.value for each in call.keywords if each.arg == "mode" and isinstance(each.value, ast.Constant)]
    if name == "os.open":
        return "O_RDONLY" not in ast.unparse(call)
    if name.endswith("open") and name != "os.fdopen":
        return any(set(text) <= set("wax+rbt") and set(text) & set("wax+") for text in texts)
    starts = ("shutil.copy", "shutil.move", "os.rename", "os.replace", "os.link", "os.truncate")
    return name.startswith(starts) or name.endswith((".write_text", ".write_bytes", "ParquetWriter"))
