"""The section on accuracy: every arm by round, and the last round beside the base model and the controls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thoughtrank.report.chance_level import chance_label
from thoughtrank.report.html.comparisons_table import comparisons_tables
from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.html.empty_thought import closed_anyway
from thoughtrank.report.html.held_out_tables import StoredComparison
from thoughtrank.report.html.markup import interval, note, scrolling, section, table
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.svg import CHANCE, CONTROL, Point, interval_bar, legend, line_chart, series_class
from thoughtrank.report.html.thought_effect_notes import against, effect_note
from thoughtrank.report.html.win_rate_table import win_rates
from thoughtrank.report.labels import ARM_LABELS, CONTROL_LABELS, arm_label, control_label
from thoughtrank.report.text_layout import percent


@dataclass(frozen=True, slots=True)
class _Bar:
    """One line of the last round's comparison.

    Attributes:
        name: of the model and the arm.
        explained: the name in the config, and what it is; empty where a line above has it.
        figures: accuracy and interval; chance has no interval.
        look: the class of its colour.
    """

    name: str
    explained: str
    figures: Mapping[str, Any]
    look: str

    @property
    def heading(self) -> str:
        """Name and explanation as HTML."""
        return escaped(self.name) + (
            f'<small class="meaning">{escaped(self.explained)}</small>' if self.explained else ""
        )


@dataclass(frozen=True, slots=True)
class AccuracyCurves:
    """What the chart of accuracy shows.

    Attributes:
        names: what the curves are, for the legend.
        series: name and points of each; empty where no round has an accuracy.
        looks: the class of each. An arm has the same one in every run, whatever other arms there are.
    """

    names: Sequence[str]
    series: Sequence[tuple[str, Sequence[Point]]]
    looks: Sequence[str]


def accuracy_section(run: StoredRun, *, name: str, judged: Sequence[StoredComparison] = ()) -> str:
    """The section; a sentence where no round has an accuracy, and no replies were compared by a judge."""
    title = "Accuracy"
    curves = accuracy_curves(run)
    if not curves.series:
        missing = "No round has an accuracy yet, or the questions have no reference answers."
        if judged:
            return section(f"{name}-accuracy", title, note(missing), win_rates(judged))
        return section(f"{name}-accuracy", title, missing=missing)
    label = "accuracy of every arm by round, with 95 % intervals"
    chart = line_chart(curves.series, label=label, x_label="round", looks=curves.looks)
    parts = [
        note(
            "Fraction of held-out questions answered right, with 95 % intervals. Round 0 is before training. The thick line is "
            "the model as it is used: it writes a thought, then its answer. The other arms change one thing to see what a "
            "thought is worth. Where the beginning of the answer is forced, what the model writes first is its answer, so "
            "that it cannot calculate there: “11 + 11 = 22” counts as 11. Unseen families are kinds of questions that were "
            "never trained on. Below the chart stands what each line reaches in the end, the highest first."
        ),
        scrolling(chart, label="accuracy by round"),
        _legend(curves),
        *(f"<p>{escaped(text)}</p>" for text in (effect_note(run), _empty_thought_note(run)) if text),
        _last_round(run),
        comparisons_tables(run),
        win_rates(judged) if judged else "",
    ]
    return section(f"{name}-accuracy", title, *parts)


def accuracy_curves(run: StoredRun) -> AccuracyCurves:
    """The arms by round, and the control of the thought effect."""
    series = _series(run)
    looks = [_arm_class(arm) for arm, _ in series]
    series = [(arm_label(arm), points) for arm, points in series]
    names = [name for name, _ in series]
    control = _control_series(run)
    if control is not None:
        series.append(control)
        names.append(f"{control[0]}: same answers, no thoughts")
        looks.append(CONTROL)
    return AccuracyCurves(names, series, looks)


def _legend(curves: AccuracyCurves) -> str:
    """The legend of the chart with the last value of each curve, in the order of these: curves may lie on one another."""
    ends = [points[-1] for _, points in curves.series]
    last = max(each.x for each in ends)
    order = sorted(range(len(ends)), key=lambda index: -ends[index].value)
    texts = [
        f"{name}: {percent(end.value)}" + (f" (round {end.x})" if end.x != last else "")
        for name, end in zip(curves.names, ends, strict=True)
    ]
    return legend([texts[each] for each in order], looks=[curves.looks[each] for each in order])


def _empty_thought_note(run: StoredRun) -> str | None:
    """How many replies of the arm with an empty thought close one anyway; None where none does."""
    last = run.evaluated[-1]
    counted = closed_anyway(last)
    if counted is None or not counted.closed:
        return None
    reading = " So this arm does not show what the model does without a thought." if counted.most else ""
    return f"{arm_label('room_to_reason').capitalize()}: in round {last.number}, {counted.text}.{reading}"


def _arm_class(arm: str) -> str:
    """The class of an arm; arms of a user's own share the one after those that are known."""
    return series_class(list(ARM_LABELS).index(arm) if arm in ARM_LABELS else len(ARM_LABELS))


def _control_series(run: StoredRun) -> tuple[str, list[Point]] | None:
    """The control that the thought effect is measured against, as a point at the last round."""
    compared = against(run)
    figures = None if compared is None else run.controls.get(compared[0], {}).get("arms", {}).get(compared[1])
    if compared is None or not run.evaluated or figures is None or figures.get("accuracy") is None:
        return None
    point = Point(run.evaluated[-1].number, figures["accuracy"], figures["low"], figures["high"])
    return f"control {control_label(compared[0])}", [point]


def _series(run: StoredRun) -> list[tuple[str, list[Point]]]:
    found: dict[str, list[Point]] = {arm: [] for arm in ARM_LABELS}
    for each in run.evaluated:
        for arm, figures in _arms(each.metrics).items():
            if figures.get("accuracy") is not None:
                point = Point(each.number, figures["accuracy"], figures["low"], figures["high"])
                found.setdefault(arm, []).append(point)
    return [(arm, points) for arm, points in found.items() if points]


def _arms(metrics: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The figures of every arm, and those of the unseen families as one more."""
    unseen = {
        "accuracy": metrics.get("unseen_accuracy"),
        "low": metrics.get("unseen_low"),
        "high": metrics.get("unseen_high"),
        "n": metrics.get("unseen_n"),
    }
    return {**metrics.get("arms", {}), "unseen": unseen}


def _last_round(run: StoredRun) -> str:
    """The last round's arms, the base model and the controls, one interval below the other."""
    rows = []
    for bar in _bars(run):
        value, low, high = bar.figures["accuracy"], bar.figures.get("low"), bar.figures.get("high")
        ends = (value if each is None else each for each in (low, high))
        shown = interval_bar(value, *ends, low_end=0.0, high_end=1.0, look=bar.look)
        follows = bar.figures.get("follows")
        extra = "" if follows is None else percent(follows)
        rows.append([bar.heading, shown, interval(value, low, high), str(bar.figures.get("n") or "–"), extra])
    header = ["", "0 % to 100 %", "accuracy", "questions", "answers the edited number"]
    caption = "Before training, after training, and the controls; colours as in the chart"
    if not any(row[-1] for row in rows):
        return table(header[:-1], [row[:-1] for row in rows], caption=caption, markup=(0, 1), stacked=True)
    explained = note(
        "Answers the edited number: how often the answer is the number that replaced another one in the model's own thought. "
        "Such an answer counts as wrong, and shows that the answer is read from the thought."
    )
    return table(header, rows, caption=caption, markup=(0, 1), stacked=True) + explained


def _bars(run: StoredRun) -> Iterator[_Bar]:
    first, last = run.evaluated[0], run.evaluated[-1]
    before = _arms(first.metrics).get("thought", {})
    if first is not last and before.get("accuracy") is not None:
        text = "before training" if first.number == 0 else ""
        yield _Bar(f"round {first.number}: {arm_label('thought')}", text, before, _arm_class("thought"))
    for arm, label in ARM_LABELS.items():
        figures = _arms(last.metrics).get(arm)
        if figures is not None and figures.get("accuracy") is not None:
            text = label.meaning if arm == "unseen" else f"{arm}: {label.meaning}"
            yield _Bar(f"round {last.number}: {label.text}", text, figures, _arm_class(arm))
        if arm == "filler_thought" and (chance := last.metrics.get("chance")) is not None:
            yield _Bar("chance", f"{chance_label(chance)}, the most frequent reference answer", chance, CHANCE)
    for title, figures in run.controls.items():
        for number, (names, of_arm) in enumerate(_equal_arms(figures["arms"])):
            arms_text = names[0] if len(names) == 1 else f"the same in {len(names)} arms, {', '.join(names)}"
            text = f"{title}: {CONTROL_LABELS[title].meaning}" if title in CONTROL_LABELS and not number else ""
            yield _Bar(f"control {control_label(title)}: {arms_text}", text, of_arm, CONTROL)


def _equal_arms(arms: Mapping[str, Mapping[str, Any]]) -> list[tuple[list[str], Mapping[str, Any]]]:
    """The arms of a control, those of equal accuracy together: a model without thoughts often replies the same in several."""
    found: dict[tuple[Any, ...], tuple[list[str], Mapping[str, Any]]] = {}
    for arm, figures in arms.items():
        if figures.get("accuracy") is not None:
            key = (figures["accuracy"], figures.get("n"))
            found.setdefault(key, ([], figures))[0].append(arm_label(arm))
    return list(found.values())
