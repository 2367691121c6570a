"""The pipeline: for each round, its stages in order."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.config.components import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.report.loggers import Logger
from thoughtrank.rounds.pooled_generation import with_models
from thoughtrank.rounds.prefix_mining import mine_prefixes
from thoughtrank.rounds.question_screening import screen_questions
from thoughtrank.rounds.round_results import RoundResults, write_report
from thoughtrank.rounds.run_results import finish_run
from thoughtrank.rounds.sequence_length import run_sequence_tokens
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.run_names import run_name
from thoughtrank.storage.stage_reuse import Store


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
    name = run_name(store.paths.folder, runs_dir=config.runs_folder)
    logger.start(run=name, folder=store.paths.folder, config=values, sweep=sweep)
    try:
        builder = StageBuilder(config=config, components=components, store=store, nodes=nodes)
        components.engine.expect(sequence_tokens=run_sequence_tokens(builder))
        with full_disk_as_user_error(store.paths.folder):
            return _run_rounds(builder, logger=logger)
    finally:
        components.engine.release()
        logger.finish()


def _run_rounds(builder: StageBuilder, *, logger: Logger) -> dict[str, Any] | None:
    config, store = builder.config, builder.store
    results = RoundResults(builder, logger=logger)
    for number in range(config.rounds + 1):
        current = builder.begin_round(number)
        mine_prefixes(builder, current)
        screen_questions(builder, current)
        # A round that was finished earlier does not stop the run, which may have been extended since.
        is_new = not store.paths.evaluation(number).exists()
        stop_after = config.stop_after if is_new else None
        for name in builder.stage_names(number):
            current.stages[name] = with_models(builder.build(name, current), builder=builder, current=current)
            current.artifacts[name] = store.complete(current.stages[name])
            if name == stop_after:
                write_report(builder)
                return None
        results.add(current)
        if is_new:
            write_report(builder)
    summary = finish_run(builder, entries=results.entries, logger=logger)
    write_report(builder)
    return summary
