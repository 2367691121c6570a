"""All kinds of trials, in the order of the table."""

from campaign.outcome import Kind
from campaign.trials import (
    clock_jumps,
    damaged_files,
    faulty_judge,
    full_disk,
    fuzz_config,
    fuzz_logs,
    fuzz_questions,
    fuzz_replies,
    hostile_text,
    kills,
    read_only_cache,
    side_by_side,
    small_disk,
    trainer_killed,
)

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (
        kills,
        trainer_killed,
        full_disk,
        small_disk,
        read_only_cache,
        clock_jumps,
        damaged_files,
        side_by_side,
        faulty_judge,
        hostile_text,
        fuzz_config,
        fuzz_questions,
        fuzz_replies,
        fuzz_logs,
    )
}
