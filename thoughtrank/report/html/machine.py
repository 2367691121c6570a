"""On what a run was computed: device, precision and threads, and the versions of its libraries."""

from collections.abc import Mapping

from thoughtrank.report.html.stored_run import StoredRun

_FACTS = ("engine", "device", "dtype", "torch", "transformers", "vllm", "threads", "devices")
_DEVICES = {"cpu": "CPU", "cuda": "GPU"}


def machine_text(run: StoredRun) -> str:
    """Device, precision and threads of its last round, as ``CPU, bfloat16, 2 threads``; empty where the run lacks them."""
    facts = versions(run)
    device = str(facts.get("device", ""))
    parts = [_DEVICES.get(device, device), str(facts.get("dtype", ""))]
    if device == "cpu" and (threads := _threads(facts)):
        parts.append(f"{threads} thread{'' if threads == 1 else 's'}")
    return ", ".join(filter(None, parts))


def _threads(facts: Mapping[str, object]) -> int:
    """Those of all groups that were decoded at once; 0 where they are not known."""
    threads, groups = facts.get("threads"), facts.get("devices", 1)
    return threads * groups if isinstance(threads, int) and isinstance(groups, int) else 0


def versions(run: StoredRun) -> Mapping[str, object]:
    """What the engine of its last round says of itself."""
    for each in reversed(run.rounds):
        said = [each.facts.get(stage, {}).get("engine") for stage in ("generation", "evaluation")]
        engines = [found for engine in said for found in _engines(engine)]
        if engines:
            engine = next((found for found in engines if "device" in found), engines[0])
            return {key: engine[key] for key in _FACTS if key in engine}
    return {}


def _engines(said: object) -> list[Mapping[str, object]]:
    """What a stage says of its engine; of several where several models have generated."""
    if not isinstance(said, Mapping):
        return []
    several = [each for each in said.values() if isinstance(each, Mapping)]
    return several or [said]
