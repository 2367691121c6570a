"""The evaluation of a training control, its judged comparisons, and what the summary reads of both."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.controls.protocol import Control
from thoughtrank.controls.result import ControlResult
from thoughtrank.report.labels import of_control
from thoughtrank.rounds.round_win_rates import control_win_rates
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.storage.json_files import read_json, read_json_object, write_json
from thoughtrank.storage.judge_costs import total_of
from thoughtrank.storage.run_paths import METRICS


def evaluate_control(
    builder: StageBuilder,
    control: Control,
    *,
    round_number: int,
    model: RoundModel,
    examples: int,
    training: Mapping[str, Any],
    vote_tokens: float | None = None,
) -> ControlResult:
    """Ask the held-out questions in the arms that make sense for a control, publish the metrics, and compare its replies.

    Args:
        builder: of the run.
        control: which one.
        round_number: the round whose model it is compared with.
        model: to evaluate.
        examples: number of its training examples.
        training: facts of its last training.
        vote_tokens: of ``best_of_n``; see ``Evaluation``.

    Raises:
        UserError: the judge that compares replies is unavailable, or ``judge.budget`` is reached.
    """
    paths = builder.store.paths.control(round_number, *control.folder_names)
    evaluation = builder.store.complete(
        builder.model_stages.evaluation(
            name=of_control(f"round {round_number} evaluation", control.title),
            published=paths.replies,
            questions=builder.questions.evaluation(),
            model=model,
            arms=control.asked_in(builder.config.evaluation.arms),
            vote_tokens=vote_tokens,
        )
    )
    if read_json_object(paths.evaluation) is None:
        title = {"control": control.name, "variant": control.variant}
        write_json(paths.evaluation, {"round": round_number, **title, **read_json(evaluation.folder / METRICS)})
    win_rates = control_win_rates(builder, control, round_number=round_number, replies=evaluation)
    return ControlResult(
        name=control.name,
        variant=control.variant,
        round_number=round_number,
        metrics=read_json(paths.evaluation),
        replies=evaluation.published,
        examples=examples,
        training=training,
        seconds=training["seconds"] + evaluation.facts["seconds"] + sum(each["seconds"] for each in win_rates.values()),
        judge_tokens=sum(each["judge_tokens"] for each in win_rates.values()),
        judge_cost=total_of(each["judge_cost"] for each in win_rates.values()),
        win_rates=win_rates,
    )
