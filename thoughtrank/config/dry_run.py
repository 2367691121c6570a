"""What a run will do and about what it will take, told before it starts."""

import math

from thoughtrank.config.memory_estimate import generation_gigabytes, training_gigabytes
from thoughtrank.config.preflight import Components, disk_bytes
from thoughtrank.config.schema import RunConfig
from thoughtrank.finetuning.weight_formats import nominal_bytes
from thoughtrank.judging.model_families import model_family

_PROMPT_TOKENS_JUDGED = 700
"""Rubric, question and delimiters of one look, without the answers."""


def plan_text(*, config: RunConfig, parts: Components, run: str) -> str:
    """The plan as lines of text.

    Token figures are ceilings: greedy texts usually end well before their limits. The judge's figures assume that no two
    answers are equal, that every answer is as long as its limit, and that every reply can be read.
    """
    questions, prefixes = parts.questions.train_per_round, len(parts.prefixes.prefixes())
    candidates = questions * prefixes
    facts = parts.model.facts()
    weights = parts.model.num_parameters()
    held_out = parts.questions.held_out + getattr(parts.questions, "held_out_unseen", 0)
    quantization = f", from {facts.quantization}" if facts.quantization else ""
    lines = [
        f"run {run}: {_count(config.rounds, 'round')}",
        f"  model       {facts.name}{quantization}, licence {facts.license}"
        + (f", {weights / 1e6:.0f} M parameters" if weights else ""),
        *_candidate_lines(config, parts),
        f"  ranking     {_judge_line(config, parts, candidates=candidates)}",
        f"  training    {_count(config.training.epochs, 'epoch')} over the examples of "
        f"{'all rounds so far' if config.training.examples == 'all' else 'the round'}, "
        f"{config.training.batch_size} per step"
        f"{f' and at least {config.training.min_steps} steps' if config.training.min_steps else ''}, from the "
        f"{'previous round' if config.training.start == 'previous' else 'base model'}; "
        f"precision {config.training.precision}",
        f"              {_memory_line(config, parts, weights=weights)}",
        f"  evaluation  {held_out} held-out questions in two arms, rounds 0 to {config.rounds}, "
        f"at most {config.reply_tokens} tokens per reply",
        *_device_memory_lines(config, parts, weights=weights, prefixes=prefixes),
        f"  disk        {_disk_line(config, parts)}",
        f"  time        {_time_line(config, weights=weights, prefixes=prefixes, questions=questions, replies=2 * held_out)}",
    ]
    if getattr(parts.selection, "allow_truncated", False):
        lines.append(
            "  note        selection.allow_truncated: thoughts cut at their limit may become training examples"
        )
    family = parts.judge.family()
    if family is not None and family == model_family(facts.name):
        lines.append(
            f"  note        judge and model are both of the family {family}: a judge tends to prefer its own kind"
        )
    return "\n".join(lines)


def _candidate_lines(config: RunConfig, parts: Components) -> list[str]:
    """Where the candidates come from: generated, and in round 1 perhaps imported."""
    questions, prefixes = parts.questions.train_per_round, len(parts.prefixes.prefixes())
    candidates = questions * prefixes
    per_candidate = config.generation.thought_tokens + config.generation.answer_tokens
    generated = (
        f"  generation  {questions} questions x {prefixes} prefixes = {candidates} candidates per round, "
        f"at most {candidates * per_candidate:,} tokens"
    )
    if parts.imported is None:
        return [generated]
    facts = parts.imported.facts
    imported = (
        f"  candidates  round 1 ranks {facts['candidates']} candidates of {facts['questions']} questions from "
        f"{parts.imported.folder} and generates none"
    )
    return [imported] if config.rounds == 1 else [f"{imported}; from round 2 on:", generated]


def _memory_line(config: RunConfig, parts: Components, *, weights: int | None) -> str:
    setting = config.training.weights
    memory = nominal_bytes(
        weights=setting,
        precision=config.training.precision,
        optimizer=parts.optimizer,
        strategy=parts.strategy,
    )
    if memory is None:
        return f"{setting} weights; the optimizer does not tell its state's size"
    if parts.adapter.name != "none":
        return f"adapter {parts.adapter.name}: frozen weights, and {setting} ones of {memory.text()}"
    total = f", {memory.total * weights / 1e9:.2f} GB before activations" if weights else ""
    return f"{setting} weights, {parts.optimizer.name}: {memory.text()}{total}"


def _judge_line(config: RunConfig, parts: Components, *, candidates: int) -> str:
    judge = str(config.judge.get("model", config.judge["_target_"].rpartition(".")[2]))
    if parts.judge.exact:
        return f"{judge}: offline, no calls, no money"
    prefixes = len(parts.prefixes.prefixes())
    work = parts.ranker.max_work(prefixes)
    audited = 1 + float(config.judge.get("audit_share", 0.0))
    looks = math.ceil(candidates // prefixes * work.calls * audited)
    shown = math.ceil(candidates // prefixes * work.answers_shown * audited)
    prompt = looks * _PROMPT_TOKENS_JUDGED + shown * config.generation.answer_tokens
    reply = looks * int(config.judge.get("max_reply_tokens", 100))
    money = _money(config, parts, prompt_tokens=prompt, reply_tokens=reply)
    total = f"at most {looks} looks and {prompt + reply:,} tokens per round, {money}"
    return f"{judge}: {total} (an unreadable reply is asked for once more)"


def _money(config: RunConfig, parts: Components, *, prompt_tokens: int, reply_tokens: int) -> str:
    price = parts.judge.price()
    if price is None:
        return "price unknown (judge.price_per_million)"
    cost = config.rounds * (prompt_tokens * price[0] + reply_tokens * price[1]) / 1e6
    told = f"at most ${cost:,.2f} in all"
    known = parts.judge.known_price() if hasattr(parts.judge, "known_price") else None
    if known is not None and config.judge.get("price_per_million") is None:
        told += f" at the prices of {known.as_of}"
    budget = config.judge.get("budget")
    if budget is None:
        return told
    return f"{told}, never more than judge.budget=${budget:,.2f}" + (
        " (which may end it early)" if cost > budget else ""
    )


def _device_memory_lines(config: RunConfig, parts: Components, *, weights: int | None, prefixes: int) -> list[str]:
    """Memory per device, where the model's sizes are known."""
    if weights is None:
        return []
    lines = []
    cache = parts.model.kv_cache_bytes_per_token() if hasattr(parts.model, "kv_cache_bytes_per_token") else None
    group = config.engine.get("questions_per_group")
    if cache is not None and group is not None:
        held, keys = generation_gigabytes(
            parameters=weights,
            bytes_per_weight=4 if config.engine.get("dtype") == "float32" else 2,
            kv_cache_bytes_per_token=cache,
            branches=group * prefixes,
            tokens=config.generation.thought_tokens + config.generation.answer_tokens,
        )
        lines.append(
            f"  memory      generation: {held:.1f} GB of weights and at most {keys:.1f} GB of keys and values "
            f"({group} x {prefixes} branches)"
        )
    devices = config.strategy.get("devices", 1) * config.strategy.get("num_nodes", 1)
    several = devices if devices > 1 else 8
    sizes = training_gigabytes(parameters=weights, devices=several)
    each = ", ".join(f"{strategy} {size:.1f}" for strategy, size in sizes.items())
    lines.append(
        f"  {'memory' if not lines else '      '}      training with Adam, GB per device before activations: {each} "
        f"(ZeRO over {several} devices)"
    )
    return lines


def _disk_line(config: RunConfig, parts: Components) -> str:
    needed = disk_bytes(config, parts)
    return "unknown until the model is fetched" if needed is None else f"up to {needed / 1e9:.1f} GB while it runs"


_FLOPS_PER_SECOND = {"cpu": 2.5e11, "cuda": 1.0e14, "mps": 2.0e12}
"""Stated rates for the estimate, in matrix-product operations per second that decoding and training really reach: two
CPU cores (measured), one data-centre GPU and one Apple chip (rough)."""


def _time_line(config: RunConfig, *, weights: int | None, prefixes: int, questions: int, replies: int) -> str:
    if weights is None:
        return "unknown until the model is fetched"
    import importlib.util

    device = config.engine.get("device", "auto")
    if device == "auto":
        # Asking torch would cost seconds; a driver's presence is enough for an estimate.
        from pathlib import Path

        device = "cuda" if importlib.util.find_spec("torch") and Path("/proc/driver/nvidia").exists() else "cpu"
    rate = _FLOPS_PER_SECOND.get(device, _FLOPS_PER_SECOND["cpu"])
    likely = 0.6 * (config.generation.thought_tokens + config.generation.answer_tokens)
    tokens = config.rounds * questions * prefixes * likely + (config.rounds + 1) * replies * (
        0.5 * config.reply_tokens + 60
    )
    # One example per question; forward and backward are about three times a forward.
    rounds = config.rounds * (config.rounds + 1) / 2 if config.training.examples == "all" else config.rounds
    trained = rounds * config.training.epochs * questions * (likely + 100)
    hours = [2 * weights * each / rate / 3600 for each in (tokens, 3 * trained)]
    return (
        f"very roughly {_duration(hours[0])} of generation and evaluation and {_duration(hours[1])} of training on this "
        f"{device}, at {rate:.1e} operations per second"
    )


def _duration(hours: float) -> str:
    if hours < 1 / 40:
        return "a minute"
    if hours < 2:
        return f"{60 * hours:.0f} minutes"
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:,.0f} days"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
