"""What a run will do and roughly what it will cost, shown before it starts and by ``dry_run=true``."""

from functools import partial

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.arm_questions import questions_by_arm
from thoughtrank.config.dry_run.candidate_counts import round_counts
from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.dry_run.control_plan import control_lines, control_seconds
from thoughtrank.config.dry_run.disk_estimate import disk_bytes
from thoughtrank.config.dry_run.evaluation_plan import ArmQuestions, evaluation_line, reply_limit_note
from thoughtrank.config.dry_run.gain_plan import gain_lines, gain_tokens
from thoughtrank.config.dry_run.judge_plan import ranking_line, win_rate_lines
from thoughtrank.config.dry_run.machine_rates import expected_rates, h100_rates
from thoughtrank.config.dry_run.memory_plan import memory_lines
from thoughtrank.config.dry_run.number_text import bytes_text, count, parameters_text
from thoughtrank.config.dry_run.question_plan import (
    development_tokens,
    question_line,
    screening_lines,
    screening_tokens,
)
from thoughtrank.config.dry_run.time_estimate import (
    Operations,
    h100_lines,
    machine_text,
    run_operations,
    time_line,
)
from thoughtrank.config.dry_run.training_plan import training_lines
from thoughtrank.config.schema import RunConfig
from thoughtrank.engines.device_sizes import group_sizes
from thoughtrank.engines.serving.cuda_devices import num_cuda_devices
from thoughtrank.finetuning.memory.setup import likely_device
from thoughtrank.finetuning.protocols import Strategy
from thoughtrank.judging.model_families import model_family
from thoughtrank.prefixes.mined import MinedPrefixes
from thoughtrank.prefixes.prefix_sets import mining_sets, most_prefixes


def plan_text(*, config: RunConfig, components: Components, run: str, first_round: int = 0) -> str:
    """The plan as lines of text.

    Token figures are upper bounds: greedy texts usually end well before their limits. The judge's figures assume that no
    two answers are equal, that every answer is as long as its limit, and that every reply can be parsed.

    Args:
        config: of the run.
        components: made from it.
        run: its name.
        first_round: the first one that is not finished, which decides what is done until ``stop_after``.
    """
    scope = CommandScope.of_command(config, first=first_round)
    weights, prefixes = components.model.num_parameters(), most_prefixes(components.prefixes)
    held_out = components.questions.held_out + components.questions.held_out_unseen
    by_arm = questions_by_arm(config, components)
    return "\n".join(
        [
            f"run {run}: {count(config.rounds, 'round')}{_stop_text(config)}",
            f"  model       {_model_line(components, weights=weights)}",
            f"  questions   {question_line(config, components)}",
            *screening_lines(config, components),
            *_candidate_lines(config, components),
            f"  ranking     {ranking_line(config, components, scope=scope)}",
            *gain_lines(config, components),
            *training_lines(config, components, weights=weights),
            f"  evaluation  {evaluation_line(config, held_out=held_out, questions=by_arm)}",
            *win_rate_lines(config, components, scope=scope),
            *control_lines(config, components, weights=weights, held_out=by_arm),
            *_logging_lines(components),
            *memory_lines(config, components, weights=weights, prefixes=prefixes),
            f"  disk        {_disk_line(disk_bytes(config, components))}",
            *_time_lines(config, components, weights=weights, held_out=by_arm, scope=scope),
            *(f"  note        {note}" for note in _notes(config, components)),
        ]
    )


def _stop_text(config: RunConfig) -> str:
    return "" if config.stop_after is None else f"; stops after the {config.stop_after} of the first unfinished round"


def _model_line(components: Components, *, weights: int | None) -> str:
    facts = components.model.facts()
    quantization = f", from {facts.quantization}" if facts.quantization else ""
    size = f", {parameters_text(weights)}" if weights else ""
    return f"{facts.name}{quantization}, licence {facts.license}{size}"


def _candidate_lines(config: RunConfig, components: Components) -> list[str]:
    """Where the candidates come from: generated, and in round 1 perhaps imported."""
    questions, prefixes = components.questions.train_per_round, most_prefixes(components.prefixes)
    candidates, mining = questions * prefixes, mining_sets(components.prefixes)
    most = "at most " if mining else ""
    per_candidate = config.generation.thought_tokens + config.generation.answer_tokens
    generated = (
        f"  generation  {count(questions, 'question')} x {most}{count(prefixes, 'prefix', 'prefixes')} = "
        f"{most}{count(candidates, 'candidate')} per round, at most {count(candidates * per_candidate, 'token')}"
        f"{_several_models(config)}"
    )
    later = [_mining_line(config, name=name, mined=each) for name, each in mining.items()]
    if components.imported is None:
        return [generated, *later]
    facts = components.imported.facts
    imported = (
        f"  candidates  round 1 ranks {count(facts['candidates'], 'candidate')} of {count(facts['questions'], 'question')} "
        f"from {components.imported.folder} and generates none"
    )
    return [imported] if config.rounds == 1 else [f"{imported}; from round 2 on:", generated, *later]


def _mining_line(config: RunConfig, *, name: str, mined: MinedPrefixes) -> str:
    """What a set that mines the run itself gives each round."""
    fallback = count(len(mined.prefixes()), "prefix", "prefixes")
    first = f"              {name}: {fallback} of prefixes.{name}.fallback in round 1"
    if config.rounds == 1:
        return f"{first}; nothing is mined in a run of one round"
    rounds = "the rounds before" if mined.rounds is None else f"the first {count(mined.rounds, 'round')}"
    return (
        f"{first}; from round 2 on at most {count(mined.count, 'opener')} of {count(mined.words, 'word')}, mined from "
        f"genuine thoughts of {rounds}"
    )


def _several_models(config: RunConfig) -> str:
    if len(config.generation.models) == 1:
        return ""
    return "; from round 2 on twice as many, by the base model and by that of the round before"


def _logging_lines(components: Components) -> list[str]:
    text = components.logger.plan_text()
    return [f"  logging     {text}"] if text else []


def _disk_line(needed: int | None) -> str:
    return "unknown until the model is downloaded" if needed is None else f"up to {bytes_text(needed)} while it runs"


def _time_lines(
    config: RunConfig, components: Components, *, weights: int | None, held_out: ArmQuestions, scope: CommandScope
) -> list[str]:
    if weights is None:
        return ["  time        unknown until the model is downloaded"]
    generates, trains = components.engine.device_estimate(), likely_device(components.strategy)
    here = expected_rates(config, components, weights=weights)
    h100 = h100_rates(config, components, weights=weights, questions=group_sizes("cuda").questions)
    controls = partial(control_seconds, config, components, weights=weights, held_out=held_out)
    work = partial(_operations, config, components, weights=weights, held_out=held_out)
    whole = work(scope=CommandScope.of_run(config))
    hours = whole.hours(here, controls=controls(rates=here) / 3600)
    line = time_line(
        hours,
        rates=here,
        machine=machine_text(generates, trains=trains),
        dollars_per_hour=config.dollars_per_hour,
        command=work(scope=scope).hours(here) if scope.stop_after else None,
    )
    on_h100 = h100_lines(hours, h100=whole.hours(h100, controls=controls(rates=h100) / 3600))
    return [f"  time        {line}", *(f"              {each}" for each in on_h100)]


def _operations(
    config: RunConfig, components: Components, *, weights: int, held_out: ArmQuestions, scope: CommandScope
) -> Operations:
    counts = round_counts(config, components, rounds=range(1, config.rounds + 1))
    scored = [counts[number - 1] for number in scope.of("gains")]
    return run_operations(
        config,
        weights=weights,
        counts=counts,
        held_out=held_out,
        scope=scope,
        scored=gain_tokens(config, components, counts=scored)
        + development_tokens(config, components, rounds=scope.of("evaluation"))
        + screening_tokens(config, components, rounds=scope.of("generation")),
    )


def _notes(config: RunConfig, components: Components) -> list[str]:
    parts = (components.questions, components.engine, components.selection, components.objective)
    notes = [note for each in parts for note in each.notes()]
    if cut := reply_limit_note(config):
        notes.append(cut)
    family = components.judge.family()
    if family is not None and family == model_family(components.model.facts().name):
        notes.append(f"judge and model are both of the family {family}: a judge tends to prefer its own kind")
    return [*notes, *_idle_devices(components.strategy)]


def _idle_devices(strategy: Strategy) -> list[str]:
    """That training leaves CUDA devices without work, where it does; the engine's are a setting of its own."""
    if likely_device(strategy) != "cuda":
        return []
    visible, used = num_cuda_devices(), strategy.devices
    if visible <= used:
        return []
    return [
        f"{visible} CUDA devices are visible, and training uses {used} of them: strategy.devices={visible} with "
        "strategy=ddp, or with one that shards, divides it over all"
    ]
