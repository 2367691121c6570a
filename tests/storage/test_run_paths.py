from pathlib import Path

from thoughtrank.storage.run_paths import RunPaths


def test_a_sorted_listing_of_a_round_is_the_order_of_its_stages():
    paths = RunPaths(Path("runs/mine"))
    stages = [paths.candidates(3), paths.rankings(3), paths.examples(3), paths.model(3), paths.evaluation(3)]
    assert stages == sorted(stages)
    assert {stage.parent for stage in stages} == {Path("runs/mine/round_3")}


def test_rounds_with_examples_end_at_the_first_unfinished_one(tmp_path):
    paths = RunPaths(tmp_path)
    for number in (1, 2, 4):
        paths.examples(number).mkdir(parents=True)
        (paths.examples(number) / "_done.json").write_text("{}")
    assert paths.rounds_with_examples() == [1, 2]


def test_the_first_unfinished_round_is_the_one_after_those_that_were_evaluated(tmp_path):
    paths = RunPaths(tmp_path)
    assert paths.first_unfinished_round() == 0
    for number in (0, 1, 3):
        paths.evaluation(number).parent.mkdir()
        paths.evaluation(number).write_text("{}")
    assert paths.first_unfinished_round() == 2
