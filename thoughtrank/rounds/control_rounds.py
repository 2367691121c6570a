"""Training controls that generate candidates of their own: all rounds again, from generation to training, without evaluations.

Every round generates with the control's own model of the round before, so that no model of the run is an ancestor of it.
"""

from collections.abc import Sequence
from dataclasses import replace

from thoughtrank.controls.protocol import CandidatesControl
from thoughtrank.controls.result import ControlResult
from thoughtrank.rounds.control_evaluation import evaluate_control
from thoughtrank.rounds.pooled_generation import with_models
from thoughtrank.rounds.round import Round, Series
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.training import Training
from thoughtrank.storage.judge_costs import known_cost, total_of


def run_control_rounds(builder: StageBuilder, control: CandidatesControl) -> ControlResult:
    """Do what is still to be done of the rounds of a control, and evaluate its last model.

    The weights of its models are deleted after the evaluation unless all are kept.

    Args:
        builder: of a run whose rounds are finished.
        control: how the thoughts of its candidates begin.

    Raises:
        UserError: as in the rounds of the run: the judge is unavailable, or ``judge.budget`` is reached.
    """
    store = builder.store
    series = Series(
        prefixes=control.prefixes(count=len(builder.series.prefixes), seed=builder.config.seed),
        paths=lambda number: store.paths.control(number, *control.folder_names),
        title=control.title,
    )
    own = builder.with_series(series)
    last = _run_rounds(own, control=control, of_run=builder.rounds)
    result = evaluate_control(
        builder,
        control,
        round_number=last.number,
        model=last.model,
        examples=sum(each.artifacts["selection"].facts["examples"] for each in own.rounds_trained_on(last)),
        training={"steps": 0, **last.artifacts["training"].facts},
    )
    if builder.config.keep != "all":
        for each in own.rounds[1:]:
            if isinstance(each.stages["training"], Training):
                each.model.delete_weights()
    before = [artifact.facts for each in own.rounds for artifact in each.artifacts.values()]
    evaluation = result.seconds - last.artifacts["training"].facts["seconds"]
    return replace(
        result,
        seconds=evaluation + sum(facts["seconds"] for facts in before),
        judge_tokens=result.judge_tokens + sum(facts.get("judge_tokens", 0) for facts in before),
        judge_cost=total_of([result.judge_cost, *map(known_cost, before)]),
    )


def _run_rounds(own: StageBuilder, *, control: CandidatesControl, of_run: Sequence[Round]) -> Round:
    """Run the stages of every round up to the training, on the questions that the run has asked, with as many prefixes.

    Returns:
        The last round.
    """
    current = own.begin_round(0)
    for number in range(1, own.config.rounds + 1):
        current = own.begin_round(number)
        current.questions = of_run[number].questions
        current.prefixes = control.prefixes(count=len(of_run[number].prefixes), seed=own.config.seed)
        for name in own.stage_names(number):
            if name != "evaluation":
                current.stages[name] = with_models(own.build(name, current), builder=own, current=current)
                current.artifacts[name] = own.store.complete(current.stages[name])
    return current
