"""The training controls in the plan of a run: how many trainings and replies they are, and roughly how long they take."""

from collections.abc import Sequence
from functools import partial

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.candidate_counts import candidate_tokens, round_counts
from thoughtrank.config.dry_run.evaluation_plan import ArmQuestions, arms_tokens
from thoughtrank.config.dry_run.gain_plan import gain_tokens
from thoughtrank.config.dry_run.machine_rates import Rates, expected_rates
from thoughtrank.config.dry_run.number_text import count
from thoughtrank.config.dry_run.time_estimate import TRAINING_PASSES, duration
from thoughtrank.config.dry_run.training_tokens import training_tokens
from thoughtrank.config.schema import RunConfig
from thoughtrank.controls.choices import chosen_controls
from thoughtrank.controls.protocol import CandidatesControl, Control, ExamplesControl
from thoughtrank.errors import UserError
from thoughtrank.evaluation.arms.protocol import SHORT_KINDS
from thoughtrank.evaluation.reference_kinds import question_kind
from thoughtrank.questions.protocol import QuestionSource
from thoughtrank.report.labels import control_label


def control_lines(
    config: RunConfig, components: Components, *, weights: int | None, held_out: ArmQuestions
) -> list[str]:
    """Lines of the plan; none without controls.

    Args:
        config: of the run.
        components: made from it.
        weights: of the model; None if unknown.
        held_out: each arm of the evaluation with the number of its questions.
    """
    controls = chosen_controls(config.controls)
    if not controls:
        return []
    asked = count(components.questions.held_out + components.questions.held_out_unseen, "held-out question")
    time_text = partial(_time_text, config, components, weights=weights, held_out=held_out)
    lines = []
    if replayed := [each for each in controls if isinstance(each, ExamplesControl)]:
        trainings = config.rounds if config.training.start == "previous" else 1
        each = "the trainings of all rounds" if trainings > 1 else "the last training"
        lines.append(
            f"{_titles(replayed)}: each replays {each} on other examples and answers {asked} in "
            f"{_arm_counts(replayed, held_out)}{time_text(controls=replayed)}"
        )
    if any(each.equal_steps for each in controls):
        lines.append(_early_stopping(components))
    if generating := [each for each in controls if isinstance(each, CandidatesControl)]:
        lines.append(
            f"{_titles(generating)}: all rounds again, with as many candidates, judge calls and trainings as the run, and "
            f"{asked} in {_arm_counts(generating, held_out)}{time_text(controls=generating)}"
        )
    if config.keep != "all":
        lines.append(f"keep={config.keep}: their weights are deleted once they are evaluated")
    return [f"  {'controls' if index == 0 else '':<12}{line}" for index, line in enumerate(lines)]


def control_seconds(
    config: RunConfig,
    components: Components,
    *,
    weights: int,
    held_out: ArmQuestions,
    rates: Rates,
    controls: Sequence[Control] | None = None,
) -> float:
    """Roughly the time of controls.

    Args:
        config: of the run.
        components: made from it.
        weights: of the model.
        held_out: each arm of the evaluation with the number of its questions.
        rates: of the machine.
        controls: which ones; None for all of the run.
    """
    seconds = 0.0
    for each in chosen_controls(config.controls) if controls is None else controls:
        generates = isinstance(each, CandidatesControl)
        seconds += training_seconds(config, components, weights=weights, rate=rates.training, every_round=generates)
        seconds += evaluation_seconds(each, config, held_out=held_out, weights=weights, rate=rates.evaluation)
        if generates:
            seconds += generation_seconds(config, components, weights=weights, rate=rates.generation)
    return seconds


def generation_seconds(config: RunConfig, components: Components, *, weights: int, rate: float) -> float:
    """Roughly the time that one control's candidates of all rounds and their gains take."""
    counts = round_counts(config, components, rounds=range(1, config.rounds + 1), of_control=True)
    tokens = sum(each.generated for each in counts) * candidate_tokens(config)
    return 2 * weights * (tokens + gain_tokens(config, components, counts=counts)) / rate


def training_seconds(
    config: RunConfig, components: Components, *, weights: int, rate: float, every_round: bool = False
) -> float:
    """Roughly the time of one control's trainings; an upper bound, since thoughts are left out of some.

    Args:
        config: of the run.
        components: made from it.
        weights: of the model.
        rate: operations per second.
        every_round: whether every round is trained even where each starts from the base model.
    """
    run = range(1, config.rounds + 1)
    trained = run if every_round or config.training.start == "previous" else run[-1:]
    questions = [each.questions for each in round_counts(config, components, rounds=run)]
    tokens = training_tokens(config, questions=questions, rounds=trained)
    return 2 * weights * TRAINING_PASSES * tokens / rate


def evaluation_seconds(
    control: Control, config: RunConfig, *, held_out: ArmQuestions, weights: int, rate: float
) -> float:
    """Roughly the time of one control's replies."""
    return 2 * weights * arms_tokens(_of_control(control, held_out), config) / rate


def _of_control(control: Control, questions: ArmQuestions) -> ArmQuestions:
    """The arms that a control is asked in, with the number of their questions."""
    return {name: questions[name] for name in control.asked_in(list(questions))}


def _time_text(
    config: RunConfig,
    components: Components,
    *,
    controls: Sequence[Control],
    weights: int | None,
    held_out: ArmQuestions,
) -> str:
    if weights is None:
        return ""
    rates = expected_rates(config, components, weights=weights)
    seconds = control_seconds(config, components, weights=weights, held_out=held_out, rates=rates, controls=controls)
    return f", very roughly {duration(seconds / 3600)} in all"


def _titles(controls: Sequence[Control]) -> str:
    return "; ".join(control_label(each.title) for each in controls)


def _arm_counts(controls: Sequence[Control], held_out: ArmQuestions) -> str:
    counts = sorted({sum(number > 0 for number in _of_control(each, held_out).values()) for each in controls})
    return count(counts[0], "arm") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} arms"


def _early_stopping(components: Components) -> str:
    pairs = control_label("answers_only/pairs")
    if not components.questions.num_development:
        return f"{pairs}: no early stopping, since there are no development questions (questions.development)"
    if not _any_short(components.questions):
        return f"{pairs}: no early stopping, since no development question has a short reference answer"
    if not components.strategy.whole_parameters:
        return f"{pairs}: no early stopping, since {components.strategy.name} shards the weights"
    return f"{pairs}: early stopping on {count(components.questions.num_development, 'development question')}"


def _any_short(questions: QuestionSource) -> bool:
    """Whether a development question has a reference answer that a few tokens can state; True where they cannot be read."""
    try:
        return any(question_kind(each) in SHORT_KINDS for each in questions.development())
    except (UserError, OSError):  # a fault of its own
        return True
