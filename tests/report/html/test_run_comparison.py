from stored_runs import stored_run

from thoughtrank.report.html.run_comparison import compare_runs, comparison_headline, comparison_section
from thoughtrank.report.html.stored_run import read_run


def run_of(folder, *, lr, **settings):
    stored_run(folder, held_out=100, rounds=1, **settings)
    (folder / "config.yaml").write_text(f"seed: 0\nrun: {folder.name}\noptimizer:\n  lr: {lr}\n")
    return read_run(folder)


def test_the_best_run_comes_first_with_what_it_varied(tmp_path):
    bad = run_of(tmp_path / "bad", lr=1, accuracy=(0.2, 0.3))
    good = run_of(tmp_path / "good", lr=2, accuracy=(0.2, 0.9), seed=1)
    first, second = compare_runs([bad, good])
    assert first.run.name == "good"
    assert first.varied == {"optimizer.lr": 2}
    assert second.to_best.points > 40
    assert second.p_value < 0.001
    text = comparison_headline([first, second])
    assert text.startswith("Of 2 runs, good is the most accurate: ")
    assert "with optimizer.lr=2" in text
    assert text.endswith("It is better than every other run by more than chance.")
    shown = comparison_section([first, second])
    assert shown.index(">good<") < shown.index(">bad<")
    assert "p &lt; 0.001" in shown


def test_equal_runs_differ_by_chance(tmp_path):
    runs = [run_of(tmp_path / name, lr=1, accuracy=(0.2, 0.5), seed=seed) for seed, name in enumerate("abc")]
    standings = compare_runs(runs)
    assert comparison_headline(standings).endswith(
        "That is not more than chance: no difference to another run is significant."
    )
    assert standings[0].varied == {}


def test_a_run_without_an_accuracy_is_last(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.yaml").write_text("seed: 0")
    empty = read_run(tmp_path / "empty")
    standings = compare_runs([empty, run_of(tmp_path / "b", lr=1, accuracy=(0.2, 0.5))])
    assert [each.run.name for each in standings] == ["b", "empty"]
    assert "no question in common" in comparison_section(standings)
    assert comparison_headline(compare_runs([empty, empty])) == "2 runs, none of which has an accuracy yet."
