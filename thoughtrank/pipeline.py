"""THE loop: for each round, for each stage."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from thoughtrank.config.preflight import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.report.model_card import model_card
from thoughtrank.report.summary import round_prefixes, round_summary, scalars
from thoughtrank.steps import Model, Steps, training_curve
from thoughtrank.storage.store import Stage, Store, read_json, write_json


def run_pipeline(
    *,
    config: RunConfig,
    parts: Components,
    store: Store,
    nodes: MultiNodeTraining,
    values: Mapping[str, Any],
    sweep: str | None = None,
) -> dict[str, Any] | None:
    """Do what is still to be done of a run.

    Args:
        config: the whole config.
        parts: made from it.
        store: of the run.
        nodes: the machines that train.
        values: the composed config as plain values, for the logger.
        sweep: the sweep this run is a job of, for the logger.

    Returns:
        What ``summary.json`` holds; None where ``stop_after`` ended the run before.
    """
    parts.logger.start(run=store.paths.folder.name, folder=store.paths.folder, config=values, sweep=sweep)
    try:
        return _run_rounds(Steps(config=config, parts=parts, store=store, nodes=nodes))
    finally:
        parts.logger.finish()


def _run_rounds(steps: Steps) -> dict[str, Any] | None:
    config, parts = steps.config, steps.parts
    base = model = steps.base_model()
    steps.prepare_questions(base)
    models = [base]
    rounds = [_evaluated(steps, 0, model)]
    parts.logger.log_round(scalars(rounds[0]))
    all_examples: list[Stage] = []
    for number in range(1, config.rounds + 1):
        # A round that was finished before is not stopped in: the run may have been extended since.
        stop_after = None if steps.paths.evaluation(number).exists() else config.stop_after
        candidates = steps.generation(number, model)
        if stop_after == "generation":
            return None
        rankings = steps.ranking(number, candidates)
        if stop_after == "ranking":
            return None
        examples = steps.selection(number, candidates, rankings, model)
        all_examples.append(examples)
        if stop_after == "selection":
            return None
        model = steps.training(number, base=base, model=model, examples=all_examples)
        models.append(model)
        if stop_after == "training":
            return None
        entry = _evaluated(
            steps, number, model, candidates=candidates, rankings=rankings, examples=examples, training=model.stage
        )
        rounds.append(entry)
        _log_round(parts, number, entry, candidates=candidates, rankings=rankings, model=model)
    summary = _export(steps, rounds=rounds, models=models)
    _delete_weights(steps, keep=config.keep, models=models)
    write_json(steps.paths.summary, summary)
    return summary


def finished_settings(config: RunConfig) -> dict[str, Any]:
    """What a finished run was asked for; another answer means there is more to do."""
    return {"rounds": config.rounds, "export": config.export.model_dump(), "keep": config.keep}


def _evaluated(steps: Steps, number: int, model: Model, **stages: Stage | None) -> dict[str, Any]:
    evaluation = steps.evaluation(number, model)
    metrics = read_json(steps.paths.evaluation(number))
    return round_summary(
        round_number=number,
        evaluation=evaluation,
        metrics=metrics,
        questions_left_out=len(steps.questions.left_out_of_round(number)) if number else 0,
        held_out_left_out=len(steps.questions.left_out_of_evaluation()),
        **stages,
    )


def _log_round(
    parts: Components, number: int, entry: Mapping[str, Any], *, candidates: Stage, rankings: Stage, model: Model
) -> None:
    parts.logger.log_round(scalars(entry))
    parts.logger.log_prefixes(number, [asdict(row) for row in round_prefixes(candidates, rankings)])
    if model.stage is not None:
        parts.logger.log_training(number, training_curve(model.stage.place))


def _export(steps: Steps, *, rounds: list[dict[str, Any]], models: list[Model]) -> dict[str, Any]:
    config, parts = steps.config, steps.parts
    chosen = len(models) - 1
    if config.export.which == "best":
        # The earliest of equals: fewer rounds, same result.
        chosen = max(range(len(models)), key=lambda number: (rounds[number]["accuracy"] or 0.0, -number))
    card = model_card(
        name=config.export.name,
        base=parts.model.facts(),
        rounds=rounds,
        chosen_round=chosen,
        num_prefixes=len(parts.prefixes.prefixes()),
        reply_tokens=config.reply_tokens,
        judge=str(config.judge.get("model", config.judge["_target_"].rpartition(".")[2])),
        question=steps.questions.evaluation()[0].text,
        folder="path/to/this/folder",
    )
    steps.export(model=models[chosen], card=card)
    return {
        "run": steps.paths.folder.name,
        "rounds": rounds,
        "exported_round": chosen,
        "export": str(steps.paths.export),
        "finished": finished_settings(config),
    }


def _delete_weights(steps: Steps, *, keep: str, models: list[Model]) -> None:
    """Make room as ``keep`` says; tables, metrics and the export stay."""
    if keep == "all":
        return
    last = models[-1]
    for model in models[1:]:
        if model.stage is None or (keep == "last" and model.key == last.key):
            continue
        for folder in (model.stage.folder, model.stage.place):
            for path in folder.glob("*.safetensors"):
                path.unlink()
            shutil.rmtree(folder / "_checkpoint.ckpt", ignore_errors=True)
