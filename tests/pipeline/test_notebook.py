"""A real notebook, executed by a real kernel: what each of its cells shows a user."""

import json
import os
import shlex
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from shadowing_files import write_shadowing_files
from small_runs import Workplace

from thoughtrank.storage.run_paths import RunPaths

pytestmark = pytest.mark.slow

EXECUTED = "executed.ipynb"


def cells_of(workplace):
    """The source of the code cells by what they do."""
    overrides = workplace.command("run=first")[2:]
    return {
        "run": f"from thoughtrank.api import run\nsummary = run({overrides!r})",
        "key": "summary['rounds'][-1]['accuracy']",
        "mistake": f"run([*{overrides!r}, 'judge.concurency=2'])",
        "plan": f"!thoughtrank {shlex.join([*overrides, 'run=second', 'dry_run=true'])}",
        "afterwards": "import my_part",
    }


def environment_of(folder):
    """That of a user without settings for Jupyter, with the programs of this Python's environment on the path."""
    settings = {name: str(folder / name.lower()) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {
        **os.environ,
        **settings,
        "PATH": path,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "OMP_NUM_THREADS": "1",
    }


def execute(folder):
    write_shadowing_files(folder)
    (folder / "my_part.py").write_text("print('found')")
    cells = cells_of(Workplace(folder))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells.values()])
    place = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, kernel_name="python3", allow_errors=True, timeout=300, resources=place)
    client.execute(env=environment_of(folder))
    nbformat.write(notebook, folder / EXECUTED)


@pytest.fixture
def notebook(shared_folder):
    """A workplace with the outputs of the cells of a notebook that was executed in it, beside files called
    like modules of Python."""
    folder = shared_folder("notebook", execute)
    cells = nbformat.read(folder / EXECUTED, as_version=4).cells
    workplace = Workplace(folder)
    return workplace, dict(zip(cells_of(workplace), (each.outputs for each in cells), strict=True))


def printed(outputs):
    return "".join(each.text for each in outputs if each.output_type == "stream")


def test_a_call_of_run_prints_whole_lines_and_its_summary_is_the_next_cells(notebook):
    workplace, outputs = notebook
    assert {each.output_type for each in outputs["run"]} == {"stream"}
    shown = printed(outputs["run"])
    assert "run first: 1 round\n" in shown
    assert "round 0 evaluation: 100%" in shown
    assert "\r" not in shown
    [result] = outputs["key"]
    summary = json.loads(RunPaths(workplace.path("first")).summary.read_text())
    assert result.data["text/plain"] == repr(summary["rounds"][-1]["accuracy"])


def test_a_misspelt_key_is_one_line_without_a_traceback(notebook):
    _, outputs = notebook
    [error] = outputs["mistake"]
    [line] = error.traceback
    assert (error.output_type, error.ename) == ("error", "UserError")
    assert line.startswith("error: ")
    assert "judge.concurency" in line
    assert "\n" not in line


def test_the_command_prints_its_plan_in_a_cell_and_redraws_no_line(notebook):
    """IPython gives a command a terminal, which ends lines with both characters."""
    workplace, outputs = notebook
    shown = printed(outputs["plan"]).replace("\r\n", "\n")
    assert shown.startswith("run second: 1 round\n")
    assert "  training    3 epochs over the examples of all rounds so far" in shown
    assert "\r" not in shown
    assert not workplace.path("second").exists()


def test_modules_of_the_users_own_are_found_afterwards(notebook):
    _, outputs = notebook
    assert printed(outputs["afterwards"]) == "found\n"
