import pytest

from thoughtrank.finetuning.kernels.build_tools import likely_compiles_triton, missing_build_tools


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine without compiler and without headers."""
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"include": str(tmp_path)})
    return tmp_path


def test_everything_that_is_missing_is_named(machine):
    compiler, headers = missing_build_tools()
    assert "C++ compiler" in compiler
    assert "python3-dev" in headers


def test_a_compiler_named_by_cxx_and_installed_headers_are_enough(machine, monkeypatch):
    monkeypatch.setenv("CXX", "/opt/bin/clang++")
    (machine / "Python.h").touch()
    assert missing_build_tools() == []


def test_triton_needs_its_package_and_a_c_compiler(machine, monkeypatch):
    monkeypatch.setattr("thoughtrank.finetuning.kernels.build_tools.find_spec", lambda name: name == "triton" or None)
    monkeypatch.delenv("CC", raising=False)
    assert not likely_compiles_triton()
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/gcc" if name == "gcc" else None)
    assert likely_compiles_triton()
    monkeypatch.setattr("thoughtrank.finetuning.kernels.build_tools.find_spec", lambda name: None)
    assert not likely_compiles_triton()
