from dataclasses import replace

from stored_runs import stored_run, without_examples
from test_prefix_section import statistics_of

from thoughtrank.report.html.key_figures import key_figures
from thoughtrank.report.html.stored_run import read_run


def test_the_figures_of_a_run(tmp_path):
    run = read_run(stored_run(tmp_path))
    shown = key_figures(run, [statistics_of(run, 1), statistics_of(run, 2)])
    first, last = (f"{100 * each.metrics['accuracy']:.1f} %" for each in (run.rounds[0], run.rounds[-1]))
    assert f"<b>{first} → {last}</b>" in shown
    assert "], unlikely to be chance</span>" in shown
    assert "<b>not measured</b>" in shown
    assert (
        '<b class="typed">“A”</b><span>as forced beginnings of a thought. Each led to the best answer, or one as good, on 100'
        in shown
    )
    assert (
        "of 8 training questions (those whose answers differ in rank); average of all 3: 33 %. Unlikely to be chance, a"
        in shown
    )
    assert "<b>$0.50, 12 min</b><span>judge and compute, controls included</span>" in shown
    on_cpu = {"generation": {"engine": {"device": "cpu", "threads": 2}}}
    rounds = [replace(each, facts={**each.facts, **on_cpu}) for each in run.rounds]
    assert "and compute (on CPU, 2 threads), controls included" in key_figures(replace(run, rounds=rounds), [])
    effect = {"points": 2.0, "low": -1.0, "high": 5.0, "p_value": 0.2}
    changed = replace(run, findings={**run.findings, "thought_effect": effect})
    shown = key_figures(changed, [])
    assert "<b>+2.0 points</b><span>over training on the same answers" in shown
    assert "[-1.0 to +5.0], p = 0.200, may be chance" in shown


def test_the_mean_over_the_families_stands_beside_the_accuracy_where_questions_have_families(tmp_path):
    run = read_run(stored_run(tmp_path))
    rounds = [
        replace(each, metrics={**each.metrics, "family_macro_accuracy": value})
        for each, value in zip(run.rounds, (0.1, 0.3, 0.625), strict=True)
    ]
    assert ". Mean over the families of questions: 10.0 % → 62.5 %<" in key_figures(replace(run, rounds=rounds), [])
    without = [replace(each, metrics={**each.metrics, "family_macro_accuracy": None}) for each in run.rounds]
    assert "families" not in key_figures(replace(run, rounds=without), [])


def test_prefixes_that_differ_by_chance_only_are_not_named(tmp_path):
    run = read_run(stored_run(tmp_path, rounds=1))
    shown = key_figures(run, [statistics_of(run, 1)])
    assert '<b class="typed">none</b>' in shown
    assert (
        "on 33 % of 4 training questions (those whose answers differ in rank). Every difference may be chance" in shown
    )


def test_the_base_model_alone_has_no_change(tmp_path):
    shown = key_figures(read_run(stored_run(tmp_path, rounds=0)), [])
    assert "before training" in shown
    assert "→" not in shown


def test_why_the_effect_was_not_measured_is_what_the_terminal_says(tmp_path):
    run = replace(read_run(stored_run(tmp_path)), finished=True)
    assert "<span>it needs training examples, questions with short reference answers, controls=[" in key_figures(
        run, []
    )
    assert "<span>no round found a training example</span>" in key_figures(without_examples(run), [])
    assert "known when the run is finished" in key_figures(replace(run, finished=False), [])
