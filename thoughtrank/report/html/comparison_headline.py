"""What the page of several runs says first: the best setting, and whether it may be so by chance."""

from collections.abc import Mapping, Sequence

from thoughtrank.report.effect_text import p_text
from thoughtrank.report.html.run_comparison import (
    NAMED,
    ComparedRun,
    accuracy_before,
    chosen_by_development,
    is_seed,
    num_questions,
    run_state,
    varied_settings,
)
from thoughtrank.report.setting_choice import TOO_HIGH
from thoughtrank.report.text_layout import percent


def comparison_headline(compared: Sequence[ComparedRun]) -> str:
    """Which setting is best, and whether that may be chance."""
    every, best, rest = compared, compared[0], compared[1:]
    num_runs = sum(len(each.runs) for each in compared)
    if best.accuracy is None:
        return f"{num_runs} runs, none of which has an accuracy yet."
    if len(best.runs) > 1:
        text = f"Of {len(compared)} settings (runs that differ in their seed only) with {len(best.runs)} seeds each, "
        text += f"{_varied_text(best.varied)} is {_claim(compared, each=' on average')}{_before_text(compared)}"
    else:
        text = _best_text(compared, num_runs)
    if not any(each.to_best is not None and each.to_best.n for each in rest):
        return (
            f"{text}. The runs have no held-out question in common, so that it cannot be said whether that is chance."
        )
    compared = [each for each in rest if each.to_best is not None and each.to_best.n]
    apart = len(rest) - len(compared)
    other = (
        f"{apart} other{'s have' if apart > 1 else ' has'} no held-out question in common with it. " if apart else ""
    )
    verdict = _verdict(compared, chosen=chosen_by_development(every))
    return " ".join(filter(None, [f"{text}.", verdict, _seeds_text(best), other.strip(), *_cautions(every)]))


def _best_text(compared: Sequence[ComparedRun], num_runs: int) -> str:
    """The best run and its settings; all of those that share the highest accuracy."""
    best, chosen = compared[0], chosen_by_development(compared)
    measures = [each.development if chosen else each.accuracy for each in compared]
    equal = [each.name for each, measure in zip(compared, measures, strict=True) if measure == measures[0]]
    differ = " that differ in their seed only" if _only_seeds(best.varied) else ""
    before = _before_text(compared)
    if len(equal) > 1:
        names = f"{', '.join(equal[:-1])} and {equal[-1]}"
        where = " on development questions" if chosen else ""
        return f"Of {num_runs} runs{differ}, {names} are the most accurate{where}: {percent(measures[0])} each{before}"
    settings = f", with {_varied_text(best.varied)}," if best.varied and not differ else ""
    return f"Of {num_runs} runs{differ}, {best.name}{settings} is {_claim(compared)}{before}"


def _claim(compared: Sequence[ComparedRun], *, each: str = "") -> str:
    """What makes the best one the best: its accuracy on development questions, or on test questions."""
    best = compared[0]
    if not chosen_by_development(compared):
        return f"the most accurate: {percent(best.accuracy)}{each}"
    return (
        f"the most accurate on development questions: {percent(best.development)}{each}, and {percent(best.accuracy)} on test "
        "questions"
    )


def _before_text(compared: Sequence[ComparedRun]) -> str:
    """The accuracy before training, where it is that of all runs and they were trained; otherwise empty."""
    runs = [run for each in compared for run in each.runs if run.evaluated]
    found = {accuracy_before(run) for run in runs}
    value = found.pop() if len(found) == 1 else None
    return "" if value is None else f" ({percent(value)} before training)"


def _only_seeds(varied: Mapping[str, object]) -> bool:
    return bool(varied) and all(map(is_seed, varied))


def _cautions(compared: Sequence[ComparedRun]) -> list[str]:
    """What makes the accuracies harder to compare: runs that are not finished, and different numbers of questions."""
    runs = [run for each in compared for run in each.runs]
    unfinished = [f"{run.name} ({state})" for run in runs if (state := run_state(run))]
    asked = {num_questions(run) for run in runs} - {None}
    more = f" and {len(unfinished) - NAMED} more" if len(unfinished) > NAMED else ""
    found = [f"Not finished: {', '.join(unfinished[:NAMED])}{more}."] if unfinished else []
    if len(asked) > 1:
        found.append("The runs answered different numbers of questions; a difference is that on the common ones.")
    if compared[0].varied and not _only_seeds(compared[0].varied) and not chosen_by_development(compared):
        found.append(TOO_HIGH)
    return found


def _verdict(rest: Sequence[ComparedRun], *, chosen: bool) -> str:
    """Whether the best may be so by chance, compared with those that it can be compared with.

    Args:
        rest: those.
        chosen: by development questions, so that others may be better on test questions.
    """
    beaten, above = ([each for each in rest if each.below], [each for each in rest if each.above])
    second = rest[0]
    margin = "" if second.to_best is None else f" (to the next: {_points_text(second)})"
    it_is = "On test questions it is" if chosen else "It is"
    if above:
        others = f"{len(above)} of the {len(rest)} others" if len(rest) > 1 else f"the other {_kind(rest)}"
        than = f"; it is better than {len(beaten)}" if beaten else ""
        are = "is" if len(above) == 1 else "are"
        return f"On test questions {others} {are} better, and that is unlikely to be chance{than}{margin}."
    if len(beaten) == len(rest):
        return f"{it_is} better than every other {_kind(rest)}, and that is unlikely to be chance{margin}."
    if beaten:
        return (
            f"{it_is} better than {len(beaten)} of the {len(rest)} others, and that is unlikely to be chance; "
            f"{_not_beaten([each for each in rest if not each.below])} may be chance{margin}."
        )
    where = "On test questions no" if chosen else "That may be chance: no"
    return f"{where} difference to another {_kind(rest)} is significant{margin}."


def _not_beaten(equal: Sequence[ComparedRun]) -> str:
    """The differences to settings that are not shown to be worse than the best, by their runs where these are few."""
    if len(equal) > NAMED or any(len(each.runs) > 1 for each in equal):
        return "the other difference" + ("s" if len(equal) > 1 else "")
    names = [each.name for each in equal]
    if len(names) == 1:
        return f"the difference to {names[0]}"
    return f"the differences to {', '.join(names[:-1])} and {names[-1]}"


def _kind(rest: Sequence[ComparedRun]) -> str:
    return "setting" if len(rest[0].runs) > 1 else "run"


def _seeds_text(best: ComparedRun) -> str:
    """What the comparison can show of the training's own chance."""
    if len(best.runs) > 1:
        return "A difference is significant only if it is so in every seed."
    if _only_seeds(best.varied):
        return "Their settings are equal: any difference is that of the seed."
    return (
        "The p-value counts only the chance in the questions: each setting was trained once, and another seed may reverse "
        "the order."
    )


def _points_text(compared_run: ComparedRun) -> str:
    """The best minus this one."""
    found, p_value = compared_run.to_best, compared_run.p_value
    if found is None or p_value is None:
        return ""
    return f"{found.points:+.1f} points, 95 % interval {found.low:+.1f} to {found.high:+.1f}, corrected p {p_text(p_value)}"


def _varied_text(varied: Mapping[str, object]) -> str:
    return ", ".join(varied_settings(varied))
