from thoughtrank.errors import UserError


def test_a_notebook_shows_one_line_for_each_fault_in_place_of_a_traceback():
    """IPython and Jupyter ask an exception for what they show."""
    assert UserError("rounds: 0", "seed: -1")._render_traceback_() == ["error: rounds: 0", "error: seed: -1"]
