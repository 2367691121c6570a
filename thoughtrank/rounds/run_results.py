"""The results of a run, after its last round: training controls, findings, the released model and ``summary.json``."""

from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.config.schema import RunConfig
from thoughtrank.controls.choices import chosen_controls
from thoughtrank.report.card_provenance import Provenance
from thoughtrank.report.findings import find, finding_scalars
from thoughtrank.report.loggers import Logger
from thoughtrank.report.model_card import model_card
from thoughtrank.rounds.control_trainings import run_control
from thoughtrank.rounds.round import Round
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.export import round_to_export
from thoughtrank.stages.round_models import delete_weights
from thoughtrank.storage.json_files import write_json


def finish_run(builder: StageBuilder, *, entries: Sequence[Mapping[str, Any]], logger: Logger) -> dict[str, Any]:
    """Run the training controls, log what the run shows, release a model, and write ``summary.json``.

    Args:
        builder: of a run whose rounds are finished.
        entries: of ``summary.json``, one per round.
        logger: that records the findings.

    Returns:
        The contents of ``summary.json``.
    """
    findings = _findings(builder)
    logger.log_findings(finding_scalars(findings))
    summary = _export(entries, findings, builder=builder)
    delete_weights([each.model for each in builder.rounds], keep=builder.config.keep)
    write_json(builder.store.paths.summary, summary, durable=True)
    return summary


def finished_settings(config: RunConfig) -> dict[str, Any]:
    """What a finished run was asked for; if it differs, there is more to do."""
    return {
        "rounds": config.rounds,
        "export": config.export.model_dump(),
        "keep": config.keep,
        "controls": sorted(set(config.controls)),
        "win_rates": config.evaluation.win_rates,
    }


def _findings(builder: StageBuilder) -> dict[str, Any]:
    """Run the controls, and find out what the replies of the rounds and of the controls show."""
    replayed = [run_control(builder, control) for control in chosen_controls(builder.config.controls)]
    return find(
        rounds=[each.artifacts["evaluation"].published for each in builder.rounds],
        controls=[each for each in replayed if each is not None],
        seed=builder.config.seed,
    )


def _trained_on(builder: StageBuilder, number: int) -> Sequence[Round]:
    """The rounds whose examples the model of a round was trained on, in one training or one after the other."""
    if builder.config.training.start == "base":
        return builder.rounds_trained_on(builder.rounds[number]) if number else []
    return builder.rounds[1 : number + 1]


def _export(
    entries: Sequence[Mapping[str, Any]], findings: Mapping[str, Any], *, builder: StageBuilder
) -> dict[str, Any]:
    """Release the model of one round, and return the contents of ``summary.json``."""
    config, components, paths = builder.config, builder.components, builder.store.paths
    chosen = round_to_export(entries, which=config.export.which)
    question = builder.questions.evaluation()[0]
    card = model_card(
        name=config.export.name,
        base=components.model.facts(),
        rounds=entries,
        thought_effect=findings["thought_effect"],
        controls=findings["controls"],
        provenance=Provenance(
            chosen_round=chosen,
            num_prefixes=len(builder.rounds[max(1, chosen)].prefixes),
            examples=sum(each.artifacts["selection"].facts["examples"] for each in _trained_on(builder, chosen)),
            imported=config.candidates is not None,
        ),
        reply_tokens=config.reply_tokens,
        judge=components.judge.name,
        question=question.text,
        context=question.context,
        folder="path/to/this/folder",
    )
    model = builder.rounds[chosen].model
    builder.store.complete(builder.model_stages.export(published=paths.export, model=model, card=card))
    return {
        "run": paths.folder.name,
        **findings,
        "rounds": entries,
        "exported_round": chosen,
        "export": str(paths.export),
        "finished": finished_settings(config),
    }
