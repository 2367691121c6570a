"""A part of ``gpu.py``: the same groups decoded by one engine process, and by two that share the device and its memory."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from gpu_common import NO_TIME, Part, parse_part, random_model
from gpu_generation import fixed_length, guarded, requests_of

from thoughtrank.engines.decoding.devices.device_process import start_device_process
from thoughtrank.engines.decoding.devices.records import Settings
from thoughtrank.engines.decoding.devices.session_pool import SessionPool
from thoughtrank.engines.device_sizes import gigabytes, token_budget
from thoughtrank.engines.protocol import GenerationRequest

_NUMBERS = (1, 2)
_GROUPS = 4
_WARM_UP_TOKENS = 4


def shared_budget(device: str, *, processes: int) -> int | str:
    """Of each process: its part of what one process would have."""
    budget = token_budget(device)  # type: ignore[arg-type]
    memory = gigabytes(budget)
    return int(budget) // processes if memory is None else f"{memory / processes:.1f}GB"


def figures(
    part: Part, folder: Path, groups: Sequence[list[GenerationRequest]], *, processes: int
) -> dict[str, object]:
    """Decode the groups when all processes have opened the model."""
    settings = Settings(
        model_folder=folder,
        device=part.device,
        dtype="bfloat16",
        packed=False,
        token_budget=shared_budget(part.device, processes=processes),
    )

    def on_step(tokens: int, finished: int) -> None:
        if part.patience() <= 0:
            raise TimeoutError

    started = time.perf_counter()
    start = partial(start_device_process, settings)
    with SessionPool(start(0), start, at_most=processes) as session:
        # As many groups as processes, begun together: each process opens the model for one of them.
        warm_up = [requests_of(part.shape, branches=part.shape.branches[0])] * processes
        try:
            list(session.generate_groups(warm_up, limits=fixed_length(_WARM_UP_TOKENS), on_step=on_step))
        except TimeoutError:
            return {"error": NO_TIME}
        opened = time.perf_counter()
        tokens = part.shape.new_tokens
        finished = list(session.generate_groups(groups, limits=fixed_length(tokens)))
        seconds = time.perf_counter() - opened
        facts = session.facts()
    branches = sum(len(request.branches) for group in groups for request in group)
    assert sum(len(each.answer_ids) for _, rows in finished for row in rows for each in row) == branches * tokens
    return {
        "seconds_to_open": opened - started,
        "seconds": seconds,
        "tokens_per_second": branches * tokens / seconds,
        "device": facts["device"],
        **({"most_rows": facts["most_rows"]} if "most_rows" in facts else {}),
    }


def main() -> None:
    """Measure one process and two."""
    part = parse_part("processes")
    folder = random_model(part)
    branches = part.shape.branches[1]
    groups = [requests_of(part.shape, branches=branches)] * _GROUPS
    rates: list[float] = []
    for processes in _NUMBERS:
        found = guarded(lambda processes=processes: figures(part, folder, groups, processes=processes))  # type: ignore[misc]
        rates.append(float(found.get("tokens_per_second", 0.0)))  # type: ignore[arg-type]
        part.emit(processes=processes, groups=_GROUPS, branches=branches, new_tokens=part.shape.new_tokens, **found)
    if all(rates):
        part.emit(times_as_fast_as_one_process=rates[-1] / rates[0])


if __name__ == "__main__":
    main()
