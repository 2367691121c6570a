from dataclasses import replace

from test_run_comparison import run_of, seeded

from thoughtrank.report.html.comparison_headline import comparison_headline
from thoughtrank.report.html.run_comparison import compare_runs
from thoughtrank.report.html.runs_table import comparison_section
from thoughtrank.report.setting_choice import TOO_HIGH


def test_runs_that_share_the_highest_accuracy_are_named_together(tmp_path):
    runs = [run_of(tmp_path / name, lr=lr, accuracy=(0.2, 0.5)) for lr, name in enumerate("ab")]
    worse = run_of(tmp_path / "c", lr=3, accuracy=(0.2, 0.1))
    text = comparison_headline(compare_runs([*runs, worse]))
    before, accuracy = (100 * each.metrics["accuracy"] for each in runs[0].evaluated)
    assert text.startswith(
        f"Of 3 runs, a and b are the most accurate: {accuracy:.1f} % each ({before:.1f} % before training)."
    )


def test_settings_that_are_not_shown_to_be_worse_are_named_where_they_are_few(tmp_path):
    bad, *good = (run_of(tmp_path / f"r{lr}", lr=lr, accuracy=(0.2, 0.9 if lr else 0.1), seed=lr) for lr in range(7))
    three = compare_runs([bad, *good[:3]])
    best, second, third, _ = (each.name for each in three)
    text = comparison_headline(three)
    assert text.startswith(f"Of 4 runs, {best}, with optimizer.lr=")
    assert (
        "It is better than 1 of the 3 others, and that is unlikely to be chance; the differences to "
        f"{second} and {third} may be chance (to the next: +"
    ) in text
    two = compare_runs([bad, *good[:2]])
    assert f"unlikely to be chance; the difference to {two[1].name} may be chance (" in comparison_headline(two)
    assert "unlikely to be chance; the other differences may be chance (" in comparison_headline(
        compare_runs([bad, *good])
    )


def test_the_best_on_development_questions_is_said_to_be_so_with_its_accuracy_on_test_questions(tmp_path):
    good = run_of(tmp_path / "good", lr=1, accuracy=(0.2, 0.9), development=0.625)
    bad = run_of(tmp_path / "bad", lr=2, accuracy=(0.2, 0.3), development=0.5, seed=1)
    text = comparison_headline(compare_runs([bad, good]))
    accuracy = 100 * good.rounds[-1].metrics["accuracy"]
    assert text.startswith(
        "Of 2 runs, good, with optimizer.lr=1, is the most accurate on development questions: 62.5 %, and "
        f"{accuracy:.1f} % on test questions"
    )
    assert "On test questions it is better than every other run, and that is unlikely to be chance (" in text
    assert TOO_HIGH not in text


def test_a_setting_that_is_better_on_test_questions_than_the_chosen_one_is_not_passed_over(tmp_path):
    good = run_of(tmp_path / "good", lr=1, accuracy=(0.2, 0.9), development=0.5)
    bad = run_of(tmp_path / "bad", lr=2, accuracy=(0.2, 0.3), development=0.625, seed=1)
    text = comparison_headline(compare_runs([good, bad]))
    assert "On test questions the other run is better, and that is unlikely to be chance (to the next: -" in text
    worst = run_of(tmp_path / "worst", lr=3, accuracy=(0.2, 0.01), development=0.25, seed=2)
    text = comparison_headline(compare_runs([worst, good, bad]))
    better = "On test questions 1 of the 2 others is better, and that is unlikely to be chance; it is better than 1 ("
    assert better in text
    equal = [run_of(tmp_path / name, lr=lr, accuracy=(0.2, 0.5), development=0.5) for lr, name in enumerate("ab")]
    text = comparison_headline(compare_runs(equal))
    assert "a and b are the most accurate on development questions: 50.0 % each" in text
    assert "On test questions no difference to another run is significant (" in text


def test_choosing_by_test_questions_is_warned_of_unless_only_seeds_differ(tmp_path):
    runs = [run_of(tmp_path / name, lr=lr, accuracy=(0.2, 0.5)) for lr, name in enumerate("ab")]
    assert comparison_headline(compare_runs(runs)).endswith(TOO_HIGH)
    seeds = [seeded(tmp_path / f"s{seed}", lr=1, seed=seed, accuracy=0.5) for seed in (0, 1)]
    assert TOO_HIGH not in comparison_headline(compare_runs(seeds))


def test_what_makes_accuracies_harder_to_compare_is_said(tmp_path):
    few, many = (run_of(tmp_path / name, lr=lr, accuracy=(0.2, 0.5)) for lr, name in enumerate(("few", "many")))
    many = replace(many, finished=True)
    assert "Not finished: few (round 1)." in (text := comparison_headline(compare_runs([few, many])))
    assert "many (" not in text
    assert "different numbers of questions" not in text
    last = few.rounds[-1]
    fewer = replace(few, rounds=[*few.rounds[:-1], replace(last, metrics={**last.metrics, "n": 15})])
    assert "The runs answered different numbers of questions" in comparison_headline(compare_runs([fewer, many]))
    assert "of 15<" in comparison_section(compare_runs([fewer, many]))


def test_runs_that_differ_in_their_seed_only_are_no_settings(tmp_path):
    runs = [seeded(tmp_path / f"r{seed}", lr=1, seed=seed, accuracy=0.4 + 0.05 * seed) for seed in (0, 1)]
    text = comparison_headline(compare_runs(runs))
    assert text.startswith("Of 2 runs that differ in their seed only, r1 is the most accurate: ")
    assert "seed=" not in text
    assert "). Their settings are equal: any difference is that of the seed." in text
