"""Several runs as tables of the report: settings, results, hardware and cost, the best first."""

import re
from collections.abc import Callable, Sequence

from thoughtrank.evaluation.statistics import mean
from thoughtrank.report.effect_text import chance_text, p_text
from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.html.machine import machine_text
from thoughtrank.report.html.markup import details, note, section, table
from thoughtrank.report.html.run_comparison import (
    NAMED,
    ComparedRun,
    accuracy_before,
    chosen_by_development,
    num_questions,
    run_accuracy,
    run_development,
    run_state,
    short_value,
    varied_settings,
)
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.svg import interval_bar, series_class
from thoughtrank.report.html.totals import duration_text, total_cost, total_seconds
from thoughtrank.report.text_layout import dollars, percent

_CHOOSE = (
    "The order is that of the accuracy on development questions. Choose a setting by it: test questions then choose nothing, "
    "and the accuracy on them is not too high."
)


def comparison_section(compared: Sequence[ComparedRun]) -> str:
    """The runs as one table, and where settings have several seeds, the settings as one before it."""
    runs = [(run, compared_run) for compared_run in compared for run in compared_run.runs]
    several = any(len(each.runs) > 1 for each in compared)
    chosen = chosen_by_development(compared)
    first = "best on development questions first" if chosen else "best first"
    parts = []
    if several:
        rows = [
            [
                _lines(varied_settings(each.varied)),
                str(len(each.runs)),
                _lines([_by_seed(each, run_accuracy), *_setting_development(each)]),
                _lines(_difference(each)),
            ]
            for each in compared
        ]
        header = ["setting", "seeds", "mean accuracy (by seed)", "difference to the best, points"]
        parts.append(table(header, rows, caption=f"Settings, {first}", markup=(0, 2, 3), stacked=True))
    header = ["setting and run", "accuracy, questions", "0 % to 100 %"]
    header += [] if several else ["difference to the best, points"]
    effects = any(run.findings["thought_effect"] is not None for run, _ in runs)
    header += ["thought effect, points"] if effects else []
    header += ["judge cost, time, hardware"]
    caption = "Runs, those of the best setting first" if several else f"Runs, {first}"
    rows = [_run_row(run, compared_run, several=several, effects=effects) for run, compared_run in runs]
    parts.append(table(header, rows, caption=caption, markup=range(len(header)), stacked=True))
    explained = _explained([run for run, _ in runs], several=several, effects=effects)
    parts.append(note(f"{explained} {_CHOOSE}" if chosen else explained))
    if len(compared[0].varied) > NAMED:
        parts.append(_all_settings(compared))
    return section("comparison", "Settings side by side" if several else "Runs side by side", *parts)


def _by_seed(compared_run: ComparedRun, measure: Callable[[StoredRun], float | None]) -> str:
    """The mean over the seeds, and each of them."""
    values = [measure(run) for run in compared_run.runs]
    known = [value for value in values if value is not None]
    average = mean(known) if len(known) == len(values) else None
    return f"{percent(average)} ({', '.join(map(percent, values))})"


def _setting_development(compared_run: ComparedRun) -> list[str]:
    """A line with the accuracy of a setting on development questions; none where a run has none."""
    return [] if compared_run.development is None else [f"development {_by_seed(compared_run, run_development)}"]


def run_titles(compared: Sequence[ComparedRun]) -> list[str]:
    """What tells each run from the others, its settings first: the names of a sweep's runs begin alike."""
    return [
        f"{', '.join(_settings(each, run))} ({run.name})" if each.varied or len(each.runs) > 1 else run.name
        for each in compared
        for run in each.runs
    ]


def _settings(compared_run: ComparedRun, run: StoredRun) -> list[str]:
    """Those that are named, and the seed where the setting has several."""
    seed = [f"seed={run.config.get('seed')}"] if len(compared_run.runs) > 1 else []
    return [*varied_settings(compared_run.varied), *seed]


def _explained(runs: Sequence[StoredRun], *, several: bool, effects: bool) -> str:
    """What the columns are, and whether the times can be compared."""
    text = (
        "Accuracy of the last round on the test questions. The difference to the best is paired by question. Its 95 % "
        "interval is that of this pair alone; its p-value is corrected for all pairs with common questions (Holm), so that the "
        "interval may exclude zero where the difference may be chance. Unlikely to be chance: p below 0.05. The cost is that "
        "of the judge; the time is that of all stages, the controls included. "
    )
    text += (
        "The thought effect is what training on thoughts adds to training on the same answers without them. "
        if effects
        else "What the thoughts are worth was not measured in these runs. "
    )
    if len({machine_text(run) for run in runs}) > 1:
        text += "These runs had different hardware or numbers of threads, so their times cannot be compared."
    else:
        text += "Their times can only be compared where nothing else ran on the machine."
    if several:
        text += " Over seeds the interval resamples questions and seeds, and the p-value is the largest of the seeds."
    return text


def _all_settings(compared: Sequence[ComparedRun]) -> str:
    """Every setting that varies, where the table of runs names only some."""
    rows = [[name, *(short_value(each.varied[name]) for each in compared)] for name in compared[0].varied]
    rows = [[_lines([cell]) for cell in row] for row in rows]
    header = ["setting", *(each.name for each in compared)]
    shown = table(header, rows, caption="Settings that differ", markup=range(len(header)))
    return details(f"All {len(rows)} settings that differ", shown)


def _run_row(run: StoredRun, compared_run: ComparedRun, *, several: bool, effects: bool) -> list[str]:
    """Cells of HTML.

    Args:
        run: the run.
        compared_run: its setting.
        several: whether settings have several seeds; then their differences are in a table of their own.
        effects: whether there is a column of thought effects.
    """
    metrics = run.evaluated[-1].metrics if run.evaluated else {}
    low, high, accuracy = metrics.get("accuracy_low"), metrics.get("accuracy_high"), run_accuracy(run)
    asked = num_questions(run)
    bar, bounds = "", [] if asked is None or accuracy is None else [f"of {asked:,}"]
    if accuracy is not None and low is not None and high is not None:
        bar = interval_bar(accuracy, low, high, low_end=0.0, high_end=1.0, look=series_class(0))
        bounds = [f"[{100 * low:.0f}–{100 * high:.0f}]", *bounds]
    before, development = accuracy_before(run), run_development(run)
    trained = [] if development is None else [f"development {percent(development)}"]
    trained += [] if before is None else [f"before training {percent(before)}"]
    machine = machine_text(run)
    state = f", not finished: {run_state(run)}" if run_state(run) else ""
    return [
        _lines(_settings(compared_run, run)) + f"<small>run {_lines([run.name + state])}</small>",
        _lines([percent(accuracy), " ".join(bounds), *trained]),
        bar,
        *([] if several else [_lines(_difference(compared_run))]),
        *([_effect(run)] if effects else []),
        _lines([f"{dollars(total_cost(run))}, {duration_text(total_seconds(run))}", *([machine] if machine else [])]),
    ]


def _effect(run: StoredRun) -> str:
    effect = run.findings["thought_effect"]
    if effect is None:
        return "not measured"
    return _lines([f"{effect['points']:+.1f}", f"[{effect['low']:+.1f} to {effect['high']:+.1f}]"])


def _difference(compared_run: ComparedRun) -> list[str]:
    if (found := compared_run.to_best) is None:
        return ["best"]
    if compared_run.p_value is None:
        return ["no question in common"]
    chance = chance_text(significant=compared_run.below or compared_run.above)
    return [
        f"{0 - found.points:+.1f} [{0 - found.high:+.1f} to {0 - found.low:+.1f}]",
        f"p {p_text(compared_run.p_value)}: {chance}",
    ]


def _lines(texts: Sequence[str]) -> str:
    """Lines of a cell. A long name may be broken after a dot, a slash, an underscore or an equals sign, but not in a word."""
    return "<br>".join(re.sub(r"([./_](?=[^\W\d])|=(?=\S))", r"\1<wbr>", escaped(each)) for each in texts)
