"""The components of a run, typed, and how they are made from its config."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_origin, get_type_hints

from typing_extensions import get_protocol_members, is_protocol

from thoughtrank.config.schema import RunConfig
from thoughtrank.engines.protocol import Engine
from thoughtrank.errors import UserError
from thoughtrank.finetuning.protocols import Adapter, Objective, Optimizer, Strategy
from thoughtrank.instantiate import make_component
from thoughtrank.judging.protocol import Judge
from thoughtrank.models.protocol import ModelSource
from thoughtrank.prefixes.protocol import PrefixSet
from thoughtrank.questions.imported_questions import with_imported
from thoughtrank.questions.protocol import QuestionSource
from thoughtrank.questions.screening import with_screening
from thoughtrank.rankers.protocol import Ranker
from thoughtrank.report.loggers import Logger
from thoughtrank.selection.protocol import GainSelector, Selector
from thoughtrank.storage.imported_candidates import ImportedCandidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """One component per config group that names a class.

    Attributes:
        imported: candidates that round 1 ranks in place of its own.
    """

    model: ModelSource
    questions: QuestionSource
    prefixes: PrefixSet
    engine: Engine
    judge: Judge
    ranker: Ranker[Any]
    selection: Selector
    objective: Objective
    optimizer: Optimizer
    adapter: Adapter
    strategy: Strategy
    logger: Logger
    imported: ImportedCandidates | None = None


COMPONENT_GROUPS = tuple(field.name for field in fields(Components) if field.name != "imported")
"""Config groups that name a class by ``_target_``."""


def make_components(config: RunConfig) -> Components:
    """Import and make every component.

    Raises:
        UserError: the faults of all groups together.
    """
    made, faults = make_each(config.model_dump(include=set(COMPONENT_GROUPS)))
    if faults:
        raise UserError(*faults)
    return join(made, candidates=config.candidates)


def make_each(specs: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """Make every component that can be made.

    Args:
        specs: config group to what describes its component.

    Returns:
        The components by group, and the faults of the others.
    """
    made: dict[str, Any] = {}
    faults: list[str] = []
    for group, spec in specs.items():
        try:
            component = make_component(spec, where=group)
            missing = _missing_members(component, group=group)
        except UserError as error:
            faults.extend(error.faults)
        else:
            faults.extend(missing)
            if not missing:
                made[group] = component
    return made, faults


def join(made: Mapping[str, Any], *, candidates: str | None) -> Components:
    """The components of all groups as one record.

    Args:
        made: by group. Those that are missing are None in the record, which only checks that do not need them may get.
        candidates: folder of imported candidates.
    """
    joined: dict[str, Any] = {group: made.get(group) for group in COMPONENT_GROUPS}
    imported = ImportedCandidates.at(candidates)
    if (questions := joined["questions"]) is not None:
        if questions.scorer is not None and joined["judge"] is not None:
            joined["judge"] = joined["judge"].scored_by(questions.scorer)
        joined["questions"] = with_imported(with_screening(questions), imported)
    if isinstance(selection := joined["selection"], GainSelector) and joined["engine"] is not None:
        joined["selection"] = selection.for_engine(scores=joined["engine"].scores)
    return Components(**joined, imported=imported)


def _missing_members(component: object, *, group: str) -> list[str]:
    """What the group's protocol has and ``component`` lacks: a class of the user's own may lack a member."""
    protocol = get_type_hints(Components)[group]
    protocol = get_origin(protocol) or protocol
    public = {name for name in dir(protocol) if not name.startswith("_")}
    wanted = get_protocol_members(protocol) if is_protocol(protocol) else public
    missing = sorted(wanted - set(dir(component)))
    if not missing:
        return []
    return [
        f"{group}._target_: {type(component).__qualname__} lacks {', '.join(missing)} of {protocol.__module__}."
        f"{protocol.__qualname__}: define them, or inherit thoughtrank.instantiate.Component, which has defaults"
    ]
