"""The prefixes of a round that are mined from the rounds before it."""

from collections import defaultdict

from thoughtrank.output.terminal import print_warning
from thoughtrank.prefixes.openers import Opener, no_opener
from thoughtrank.prefixes.prefix_sets import PrefixSets, mining_sets
from thoughtrank.rounds.round import Round
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.mining import MinedRound, Mining
from thoughtrank.storage.tables import read_table


def mine_prefixes(builder: StageBuilder, current: Round) -> None:
    """Begin the thoughts of a round with openers of the rounds before it, where the run mines them.

    Args:
        builder: of the run; the rounds before are finished.
        current: the round, before its first stage; its ``prefixes`` are replaced.
    """
    prefixes = builder.components.prefixes
    sets = mining_sets(prefixes)
    if current.number < 2 or not sets or not isinstance(prefixes, PrefixSets):
        return
    finished = [each for each in builder.rounds[1:] if each.number < current.number]
    mined = builder.store.complete(
        Mining(
            name=f"round {current.number} openers",
            published=builder.store.paths.round(current.number).openers,
            rounds=[
                MinedRound(
                    candidates=each.artifacts["generation"],
                    rankings=each.artifacts["ranking"],
                    gains=each.artifacts.get("gains"),
                )
                for each in finished
            ],
            sets=sets,
        )
    )
    openers: dict[str, list[str]] = defaultdict(list)
    for row in read_table(mined.folder, Opener):
        openers[row.prefix_set].append(row.opener)
    for name, each in sets.items():
        if not openers[name]:
            print_warning(
                f"round {current.number}: {no_opener(words=each.words, min_questions=each.min_questions)} so far: "
                f"its thoughts begin with prefixes.{name}.fallback, as in round 1"
            )
    current.prefixes = prefixes.with_openers(openers)
