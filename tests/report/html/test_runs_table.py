import re
from dataclasses import replace

from test_run_comparison import run_of, seeded

from thoughtrank.report.html.run_comparison import compare_runs
from thoughtrank.report.html.runs_table import comparison_section, run_titles


def on_machine(run, **facts):
    """The same run, as if its last round had been computed there."""
    last = run.rounds[-1]
    generation = {**last.facts.get("generation", {}), "engine": facts}
    return replace(run, rounds=[*run.rounds[:-1], replace(last, facts={**last.facts, "generation": generation})])


def test_times_stand_beside_their_hardware_and_where_that_differs_the_page_says_so(tmp_path):
    runs = [run_of(tmp_path / name, lr=lr) for lr, name in enumerate(("a", "b"))]
    two, four = (on_machine(run, device="cpu", threads=number) for run, number in zip(runs, (2, 4), strict=True))
    shown = comparison_section(compare_runs([two, four]))
    assert "min<br>CPU, 2 threads</td>" in shown
    assert "min<br>CPU, 4 threads</td>" in shown
    assert "different hardware or numbers of threads, so their times cannot be compared" in shown
    alike = comparison_section(compare_runs([two, on_machine(runs[1], device="cpu", threads=2)]))
    assert "different hardware" not in alike
    assert "where nothing else ran on the machine" in alike


def test_long_names_break_between_their_parts_and_stay_text(tmp_path):
    runs = [run_of(tmp_path / name, lr=name) for name in ("one_run", "<b>")]
    shown = comparison_section(compare_runs(runs))
    assert '<th scope="row">optimizer.<wbr>lr=<wbr>one_<wbr>run<small>run one_<wbr>run, not finished' in shown
    assert "<small>run &lt;b&gt;, not finished: round 1</small></th>" in shown
    assert ">+0.0 [+0.0 to +0.0]<br>p = 1.000: may be chance</td>" in shown  # of equal replies


def test_runs_are_told_apart_by_their_settings_and_seeds(tmp_path):
    several = [seeded(tmp_path / f"r{lr}{seed}", lr=lr, seed=seed, accuracy=lr / 3) for lr in (1, 2) for seed in (0, 1)]
    titles = ["optimizer.lr=2, seed=0 (r20)", "optimizer.lr=2, seed=1 (r21)"]
    assert run_titles(compare_runs(several))[:2] == titles
    assert run_titles(compare_runs(several[:3]))[0].endswith(", optimizer.lr=2 (r20)")
    equal = [run_of(tmp_path / name, lr=1) for name in "ab"]
    assert run_titles(compare_runs(equal)) == ["a", "b"]


def test_a_setting_without_a_value_is_null_as_in_its_config(tmp_path):
    runs = [run_of(tmp_path / str(lr), lr=lr) for lr in ("null", 3)]
    assert {title.partition(" ")[0] for title in run_titles(compare_runs(runs))} == {
        "optimizer.lr=null",
        "optimizer.lr=3",
    }


def test_a_run_without_results_has_its_row(tmp_path):
    runs = [run_of(tmp_path / "whole", lr=1), replace(run_of(tmp_path / "other", lr=1), rounds=[])]
    shown = comparison_section(compare_runs(runs))
    row = '<small>run other, not finished: no round</small></th><td data-column="accuracy, questions">–<br></td>'
    assert f"equal settings{row}" in shown


def test_the_accuracy_before_training_stands_beside_that_after_it(tmp_path):
    run = run_of(tmp_path / "a", lr=1, accuracy=(0.2, 0.9))
    before, after = (f"{100 * each.metrics['accuracy']:.1f} %" for each in run.evaluated)
    shown = comparison_section(compare_runs([run, replace(run_of(tmp_path / "b", lr=2), rounds=run.rounds[:1])]))
    assert re.search(rf">{after}<br>\[\d+–\d+\] of 100<br>before training {before}</td>", shown)
    assert shown.count("before training") == 1


def test_accuracy_on_development_questions_stands_beside_that_on_test_questions_and_orders_the_runs(tmp_path):
    runs = [
        run_of(tmp_path / name, lr=lr, accuracy=(0.2, 0.5), development=lr / 4)
        for lr, name in ((1, "low"), (3, "high"))
    ]
    shown = comparison_section(compare_runs(runs))
    assert "Runs, best on development questions first" in shown
    assert shown.index("development 75.0 %") < shown.index("development 25.0 %")
    assert "Choose a setting by it" in shown
    assert "Choose a setting by it" not in comparison_section(compare_runs([runs[0], run_of(tmp_path / "none", lr=9)]))


def test_settings_with_seeds_have_the_mean_of_their_development_accuracies(tmp_path):
    runs = [
        replace(
            run := seeded(tmp_path / f"r{lr}{seed}", lr=lr, seed=seed, accuracy=0.5),
            rounds=[
                replace(each, metrics={**each.metrics, "development_accuracy": (lr + seed) / 4}) for each in run.rounds
            ],
        )
        for lr in (1, 2)
        for seed in (0, 1)
    ]
    shown = comparison_section(compare_runs(runs))
    assert "<br>development 62.5 % (50.0 %, 75.0 %)</td>" in shown
    assert shown.index("development 62.5 %") < shown.index("development 37.5 % (25.0 %, 50.0 %)")


def test_thought_effects_have_a_column_where_one_was_measured(tmp_path):
    runs = [run_of(tmp_path / name, lr=lr) for lr, name in enumerate("ab")]
    without = comparison_section(compare_runs(runs))
    assert "thought effect, points" not in without
    assert "What the thoughts are worth was not measured in these runs." in without
    effect = {"points": 9.0, "low": 4.0, "high": 14.0, "p_value": 0.001, "n": 40}
    measured = replace(runs[0], findings={**runs[0].findings, "thought_effect": effect})
    shown = comparison_section(compare_runs([measured, runs[1]]))
    assert '<td data-column="thought effect, points">+9.0<br>[+4.0 to +14.0]</td>' in shown
    assert '<td data-column="thought effect, points">not measured</td>' in shown
    assert "The thought effect is what training on thoughts adds" in shown


def test_the_table_comes_before_how_to_read_it(tmp_path):
    shown = comparison_section(compare_runs([run_of(tmp_path / name, lr=lr) for lr, name in enumerate("ab")]))
    assert shown.index("<table") < shown.index("Accuracy of the last round")


def test_a_run_that_is_clearly_better_than_the_one_that_development_questions_chose_is_not_called_chance(tmp_path):
    runs = [
        run_of(tmp_path / "high", lr=1, accuracy=(0.2, 0.9), development=0.5),
        run_of(tmp_path / "chosen", lr=2, accuracy=(0.2, 0.3), development=0.625, seed=1),
    ]
    shown = comparison_section(compare_runs(runs))
    assert "p &lt; 0.001: unlikely to be chance" in shown
    assert "may be chance</td>" not in shown
