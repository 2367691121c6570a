import subprocess
import sys


def test_a_process_that_has_done_its_work_ends_well_whatever_would_abort_it_afterwards():
    program = (
        "import atexit, os; from thoughtrank.finetuning.distributed.process_exit import exit_without_teardown; "
        "atexit.register(os.abort); print('the last line', end=''); exit_without_teardown()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "the last line")
