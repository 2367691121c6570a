from dataclasses import replace

from stored_runs import stored_run, with_development

from thoughtrank.report.html.comparison_headline import comparison_headline
from thoughtrank.report.html.run_comparison import accuracy_before, chosen_by_development, compare_runs
from thoughtrank.report.html.runs_table import comparison_section
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.setting_choice import TOO_HIGH


def run_of(folder, *, lr, development=None, **settings):
    stored_run(folder, held_out=100, rounds=1, **settings)
    if development is not None:
        with_development(folder, development)
    (folder / "config.yaml").write_text(f"seed: 0\nrun: {folder.name}\noptimizer:\n  lr: {lr}\n")
    return read_run(folder)


def test_the_best_run_comes_first_with_what_it_varied(tmp_path):
    bad = run_of(tmp_path / "bad", lr=1, accuracy=(0.2, 0.3))
    good = run_of(tmp_path / "good", lr=2, accuracy=(0.2, 0.9), seed=1)
    first, second = compare_runs([bad, good])
    assert first.name == "good"
    assert first.varied == {"optimizer.lr": 2}
    assert second.to_best.points > 40
    assert second.p_value < 0.001
    text = comparison_headline([first, second])
    assert text.startswith("Of 2 runs, good, with optimizer.lr=2, is the most accurate: ")
    assert "It is better than every other run, and that is unlikely to be chance (to the next: +" in text
    assert "before training" not in text  # it is not the same in both
    assert (
        "). The p-value counts only the chance in the questions: each setting was trained once, and another seed may"
        in text
    )
    assert text.endswith(f"Not finished: good (round 1), bad (round 1). {TOO_HIGH}")
    shown = comparison_section([first, second])
    assert shown.index("<small>run good, not") < shown.index("<small>run bad, not")
    assert "p &lt; 0.001" in shown


def test_where_all_runs_answered_development_questions_these_choose_the_best(tmp_path):
    high = run_of(tmp_path / "high", lr=1, accuracy=(0.2, 0.9), development=0.5)
    chosen = run_of(tmp_path / "chosen", lr=2, accuracy=(0.2, 0.3), development=0.625, seed=1)
    first, second = compared = compare_runs([high, chosen])
    assert (first.name, first.development, second.development) == ("chosen", 0.625, 0.5)
    assert chosen_by_development(compared)
    assert second.above
    assert not second.below
    without = compare_runs([high, run_of(tmp_path / "without", lr=3, accuracy=(0.2, 0.95))])
    assert not chosen_by_development(without)
    assert without[0].accuracy > without[1].accuracy


def test_equal_runs_differ_by_chance(tmp_path):
    runs = [run_of(tmp_path / name, lr=1, accuracy=(0.2, 0.5), seed=seed) for seed, name in enumerate("abc")]
    compared = compare_runs(runs)
    assert "That may be chance: no difference to another run is significant (" in comparison_headline(compared)
    assert compared[0].varied == {}


def seeded(folder, *, lr, seed, accuracy):
    stored_run(folder, held_out=100, rounds=1, accuracy=(0.2, accuracy), seed=10 * seed + lr)
    settings = f"seed: {seed}\nquestions:\n  seed: {seed}\noptimizer:\n  lr: {lr}\n"
    (folder / "config.yaml").write_text(f"run: {folder.name}\n{settings}")
    return read_run(folder)


def test_runs_that_differ_in_their_seed_are_one_setting(tmp_path):
    runs = [
        seeded(tmp_path / f"lr{lr}-{seed}", lr=lr, seed=seed, accuracy=accuracy)
        for lr, accuracy in ((1, 0.3), (2, 0.9))
        for seed in (0, 1)
    ]
    best, other = compare_runs(runs)
    assert best.varied == {"optimizer.lr": 2}
    assert [run.name for run in best.runs] == ["lr2-0", "lr2-1"]
    assert best.accuracy == sum(run.evaluated[-1].metrics["accuracy"] for run in best.runs) / 2
    assert other.to_best.n == 200
    assert other.p_value < 0.001
    text = comparison_headline([best, other])
    assert text.startswith(
        "Of 2 settings (runs that differ in their seed only) with 2 seeds each, optimizer.lr=2 is the most accurate: "
    )
    assert "It is better than every other setting, and that is unlikely to be chance (to the next: +" in text
    assert "). A difference is significant only if it is so in every seed." in text
    shown = comparison_section([best, other]).replace("<wbr>", "")
    assert shown.index(">optimizer.lr=2<") < shown.index(">optimizer.lr=1<")
    assert "<small>run lr2-1, not" in shown


def test_without_a_trained_round_there_is_no_accuracy_before_training(tmp_path):
    run = run_of(tmp_path, lr=1)
    assert accuracy_before(run) == run.rounds[0].metrics["accuracy"]
    assert accuracy_before(replace(run, rounds=run.rounds[:1])) is None
    assert accuracy_before(replace(run, rounds=run.rounds[1:])) is None
    assert accuracy_before(replace(run, rounds=[])) is None


def test_a_difference_in_one_seed_only_is_chance(tmp_path):
    runs = [
        seeded(tmp_path / f"lr{lr}-{seed}", lr=lr, seed=seed, accuracy=0.95 if (lr, seed) == (2, 0) else 0.4)
        for lr in (1, 2)
        for seed in (0, 1)
    ]
    compared = compare_runs(runs)
    assert compared[0].varied == {"optimizer.lr": 2}
    assert compared[1].p_value > 0.05
    assert "no difference to another setting is significant" in comparison_headline(compared)


def test_settings_with_different_seeds_are_single_runs(tmp_path):
    runs = [seeded(tmp_path / f"r{lr}{seed}", lr=lr, seed=seed, accuracy=0.5) for lr, seed in ((1, 0), (1, 1), (2, 0))]
    assert [len(each.runs) for each in compare_runs(runs)] == [1, 1, 1]


def test_the_best_of_many_is_corrected_for_all_pairs(tmp_path):
    runs = [run_of(tmp_path / f"r{lr}", lr=lr, accuracy=(0.2, 0.5), seed=lr) for lr in range(4)]
    for each in compare_runs(runs)[1:]:
        found = each.to_best
        assert each.p_value >= min(1.0, found.p_value * 3) or each.p_value >= found.p_value
    smallest = min(each.to_best.p_value for each in compare_runs(runs)[1:])
    assert min(each.p_value for each in compare_runs(runs)[1:]) == min(1.0, 6 * smallest)


def test_a_run_without_an_accuracy_is_last(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.yaml").write_text("seed: 0")
    empty = read_run(tmp_path / "empty")
    compared = compare_runs([empty, run_of(tmp_path / "b", lr=1, accuracy=(0.2, 0.5))])
    assert [each.name for each in compared] == ["b", "empty"]
    assert "no question in common" in comparison_section(compared)
    bad, good = (run_of(tmp_path / name, lr=1, accuracy=(0.2, at), seed=1) for name, at in (("c", 0.1), ("d", 0.9)))
    text = comparison_headline(compare_runs([empty, bad, good]))
    assert "better than every other run, and that is unlikely to be chance" in text
    assert "1 other has no held-out question in common with it." in text
    assert comparison_headline(compare_runs([empty, empty])) == "2 runs, none of which has an accuracy yet."


def test_the_correction_counts_only_pairs_with_common_questions(tmp_path):
    runs = [run_of(tmp_path / name, lr=1, accuracy=(0.2, 0.5), seed=seed) for seed, name in enumerate("ab")]
    other = run_of(tmp_path / "other", lr=2, accuracy=(0.2, 0.4))
    renamed = [replace(reply, question_id=f"other-{reply.question_id}") for reply in other.rounds[-1].replies]
    other = replace(other, rounds=[*other.rounds[:-1], replace(other.rounds[-1], replies=renamed)])
    alone = {each.name: each.p_value for each in compare_runs(runs)}
    together = {each.name: each.p_value for each in compare_runs([*runs, other])}
    assert together == {**alone, "other": None}


def test_a_setting_that_a_config_lacks_is_absent_and_a_target_that_moved_is_no_difference(tmp_path):
    runs = [run_of(tmp_path / name, lr=1, accuracy=(0.2, 0.5)) for name in "ab"]
    before, now = "thoughtrank.finetuning.optimizers.AdamW", "thoughtrank.finetuning.optimizers.adamw.AdamW"
    (tmp_path / "a" / "config.yaml").write_text(f"optimizer:\n  _target_: {before}\n  lr: 1\nmodel:\n  date: x\n")
    (tmp_path / "b" / "config.yaml").write_text(f"optimizer:\n  _target_: {now}\n  lr: 1\n")
    first, second = (read_run(run.paths.folder) for run in runs)
    assert {each.name: each.varied for each in compare_runs([first, second])} == {
        "a": {"model.date": "x"},
        "b": {"model.date": "(absent)"},
    }


def test_settings_that_are_not_named_are_in_a_table(tmp_path):
    runs = [run_of(tmp_path / name, lr=1, accuracy=(0.2, 0.5)) for name in "ab"]
    for run in runs:
        lines = [f"  key{number}: {run.name}{number}" for number in range(6)]
        (run.paths.folder / "config.yaml").write_text("\n".join(["optimizer:", *lines]))
    shown = comparison_section(compare_runs([read_run(run.paths.folder) for run in runs])).replace("<wbr>", "")
    assert "and 2 more settings" in shown
    assert "All 6 settings that differ" in shown
    assert ">b5<" in shown
