"""The pipeline: for each round, its stages in order."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from thoughtrank.config.components import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.controls.choices import chosen_controls
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.output.terminal import print_text
from thoughtrank.report.findings import find, finding_scalars
from thoughtrank.report.html.round_candidates import ReportedQuestions
from thoughtrank.report.html.write_report import report_of_running
from thoughtrank.report.loggers import Logger
from thoughtrank.report.model_card import model_card
from thoughtrank.report.openings import openings
from thoughtrank.report.prefix_statistics import PrefixResult, RoundPrefix, with_round
from thoughtrank.report.round_line import round_line
from thoughtrank.report.summary import round_prefixes, round_summary, scalars
from thoughtrank.stages.build import StageBuilder
from thoughtrank.stages.development_evaluation import development_evaluation, development_figures
from thoughtrank.stages.evaluation import METRICS
from thoughtrank.stages.export import round_to_export
from thoughtrank.stages.pooled_generation import with_models
from thoughtrank.stages.prefix_mining import mine_prefixes
from thoughtrank.stages.question_screening import screen_questions
from thoughtrank.stages.replay import run_control
from thoughtrank.stages.round_models import delete_weights
from thoughtrank.stages.round_win_rates import round_win_rates
from thoughtrank.stages.rounds import Round
from thoughtrank.stages.stage_outputs import stage_outputs
from thoughtrank.stages.training import training_curve
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.json_files import read_json, read_json_object, write_json
from thoughtrank.storage.run_names import run_name
from thoughtrank.storage.stage_reuse import Store
from thoughtrank.storage.tables import TableRows, part_path, write_part


def run_pipeline(
    *,
    config: RunConfig,
    components: Components,
    store: Store,
    nodes: MultiNodeTraining,
    values: Mapping[str, Any],
    sweep: str | None = None,
) -> dict[str, Any] | None:
    """Do what is still to be done of a run.

    Args:
        config: the whole config.
        components: made from it.
        store: of the run.
        nodes: the machines that train.
        values: the composed config as plain values without secrets, for the logger.
        sweep: the sweep this run is a job of, for the logger.

    Returns:
        The contents of ``summary.json``; None if ``stop_after`` ended the run before.
    """
    logger = components.logger
    name = run_name(store.paths.folder, runs_dir=Path(config.runs_dir))
    logger.start(run=name, folder=store.paths.folder, config=values, sweep=sweep)
    try:
        builder = StageBuilder(config=config, components=components, store=store, nodes=nodes)
        with full_disk_as_user_error(store.paths.folder):
            return _run_rounds(builder, logger=logger)
    finally:
        components.engine.release()
        logger.finish()


def _run_rounds(builder: StageBuilder, *, logger: Logger) -> dict[str, Any] | None:
    config, store = builder.config, builder.store
    entries = []
    prefixes: list[RoundPrefix] = []
    for number in range(config.rounds + 1):
        current = builder.begin_round(number)
        mine_prefixes(builder, current)
        screen_questions(builder, current)
        # A round that was finished earlier does not stop the run, which may have been extended since.
        is_new = not store.paths.evaluation(number).exists()
        stop_after = config.stop_after if is_new else None
        for name in builder.stage_names(number):
            stage = builder.build(name, current)
            current.stages[name] = with_models(stage, builder=builder, current=current)
            current.artifacts[name] = store.complete(current.stages[name])
            if name == stop_after:
                _write_report(builder)
                return None
        of_round = round_prefixes(current.artifacts)
        prefixes += with_round(number, of_round)
        if prefixes:
            store.paths.prefixes.mkdir(exist_ok=True)
            write_part(part_path(store.paths.prefixes, 0), prefixes, record_type=RoundPrefix)
        entries.append(_round_entry(current, prefixes=of_round, builder=builder))
        print_text(round_line(entries[-1], base=entries[0]))
        _log_round(current, entries[-1], prefixes=of_round, builder=builder, logger=logger)
        if is_new:
            _write_report(builder)
    findings = _findings(builder)
    logger.log_findings(finding_scalars(findings))
    summary = _export(entries, findings, builder=builder)
    delete_weights([each.model for each in builder.rounds], keep=config.keep)
    write_json(store.paths.summary, summary, durable=True)
    _write_report(builder)
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


def _round_entry(current: Round, *, prefixes: Sequence[PrefixResult], builder: StageBuilder) -> dict[str, Any]:
    """Publish the metrics of a finished round, and return its entry of ``summary.json``."""
    number, questions = current.number, builder.questions
    path = builder.store.paths.evaluation(number)
    if read_json_object(path) is None:
        write_json(path, {"round": number, **read_json(current.artifacts["evaluation"].folder / METRICS)})
    entry = round_summary(
        metrics=read_json(path),
        artifacts=current.artifacts,
        screening=current.screening,
        prefixes=prefixes,
        opened=openings(TableRows(current.artifacts["evaluation"].published, HeldOutReply)),
        questions_left_out=len(questions.left_out_of_round(number)) if number else 0,
        held_out_left_out=len(questions.left_out_of_evaluation()),
        win_rates=round_win_rates(builder, current),
    )
    return {**entry, **_development_figures(current, builder=builder)}


def _development_figures(current: Round, *, builder: StageBuilder) -> dict[str, float | None]:
    """Evaluate the round's model on the development questions, where they choose the exported round."""
    if builder.config.export.which != "best":
        return {}
    artifact = builder.store.complete(development_evaluation(builder, current))
    return development_figures(read_json(artifact.folder / METRICS))


def _log_round(
    current: Round,
    entry: Mapping[str, Any],
    *,
    prefixes: Sequence[PrefixResult],
    builder: StageBuilder,
    logger: Logger,
) -> None:
    logger.log_round(scalars(entry))
    if current.number:
        logger.log_prefixes(current.number, [asdict(row) for row in prefixes])
        candidates = ReportedQuestions(builder.store.paths, current.number, builder.config.selection)
        logger.log_candidates(current.number, candidates)
        logger.log_training(current.number, training_curve(current.artifacts["training"].published))
        logger.log_outputs(stage_outputs(builder, current))


def _write_report(builder: StageBuilder) -> None:
    """Write ``report.html`` of the rounds so far."""
    questions = {each.number: list(each.questions) for each in builder.rounds[1:]}
    questions[0] = builder.questions.evaluation()
    report_of_running(builder.store.paths, questions=questions)


def _export(entries: list[dict[str, Any]], findings: Mapping[str, Any], *, builder: StageBuilder) -> dict[str, Any]:
    """Release the model of one round, and return the contents of ``summary.json``."""
    config, components, paths = builder.config, builder.components, builder.store.paths
    chosen = round_to_export(entries, which=config.export.which)
    question = builder.questions.evaluation()[0]
    card = model_card(
        name=config.export.name,
        base=components.model.facts(),
        rounds=entries,
        thought_effect=findings["thought_effect"],
        chosen_round=chosen,
        num_prefixes=len(builder.rounds[max(1, chosen)].prefixes),
        reply_tokens=config.reply_tokens,
        judge=components.judge.name,
        question=question.text,
        context=question.context,
        folder="path/to/this/folder",
    )
    builder.store.complete(builder.export(chosen_round=chosen, card=card))
    return {
        "run": paths.folder.name,
        **findings,
        "rounds": entries,
        "exported_round": chosen,
        "export": str(paths.export),
        "finished": finished_settings(config),
    }
