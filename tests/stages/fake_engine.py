"""An engine without a model: what it generates is computed from the requests."""

import hashlib
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from threading import Barrier
from typing import Any

from thoughtrank.engines.decoding.devices.session_pool import SessionPool
from thoughtrank.engines.engine_component import EngineComponent
from thoughtrank.engines.protocol import (
    Branch,
    Continuation,
    ContinuationScore,
    FinishedGroup,
    GenerationRequest,
    Limits,
    OnStep,
    ScoreRequest,
)


class FakeEngine(EngineComponent):
    """Continues a branch with words that depend on the seed, the prompt, the opener and, of a sampled thought, its seed only.

    Args:
        seed: other seeds give other texts.
        questions_per_group, replies_per_group, probe_candidates: see ``Engine``.

    Attributes:
        model_folders: one for every time it was opened.
        requested: the requests of each call of ``generate``.
    """

    operational = frozenset({"probe_candidates"})

    def __init__(
        self, *, seed: int = 0, questions_per_group: int = 2, replies_per_group: int = 4, probe_candidates: int = 0
    ) -> None:
        self.seed = seed
        self.questions_per_group = questions_per_group
        self.replies_per_group = replies_per_group
        self.probe_candidates = probe_candidates
        self.model_folders: list[Path] = []
        self.requested: list[list[GenerationRequest]] = []

    def __repr__(self) -> str:
        return f"FakeEngine(seed={self.seed}, questions_per_group={self.questions_per_group})"

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> "FakeSession | SessionPool":
        self.model_folders.append(model_folder)
        return FakeSession(self)

    def answer(self, request: GenerationRequest, branch: Branch) -> str:
        """One of five answers; a test may replace it."""
        sampled = branch.seed if branch.temperature else ""
        digest = hashlib.sha256(f"{self.seed}/{request.prompt}/{branch.opener}{sampled}".encode()).digest()
        return f"The answer is {digest[0] % 5}."

    def score(self, requests: Sequence[ScoreRequest]) -> list[list[ContinuationScore]]:
        """A test may replace it."""
        raise NotImplementedError

    def continuation(self, request: GenerationRequest, branch: Branch) -> Continuation:
        thought = f" thinks {len(branch.opener)}" if branch.in_thought else ""
        answer = self.answer(request, branch)
        return Continuation(
            thought=thought,
            thought_ids=tuple(thought.encode()),
            thought_tokens=len(thought),
            thought_finish="stop",
            answer=answer,
            answer_ids=tuple(answer.encode()),
            answer_finish="stop",
        )


class OverlappingEngine(FakeEngine):
    """Begins every group before the first one ends, and ends the last one first; may break down after some groups."""

    overlaps_groups = True
    breaks_after = -1

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> "OverlappingSession":
        self.model_folders.append(model_folder)
        return OverlappingSession(self)


class ScoringEngine(FakeEngine):
    """Scores an answer by its length, and 2 nats less at once; may break down at one of its calls."""

    scores = True
    breaks_at = -1

    def score(self, requests: Sequence[ScoreRequest]) -> list[list[ContinuationScore]]:
        self.requested.append(list(requests))
        if len(self.requested) - 1 == self.breaks_at:
            raise KeyboardInterrupt
        return [
            [ContinuationScore(-len(each.answer) - 2.0 * ("</thought>" in each.opener), 1) for each in request.answers]
            for request in requests
        ]


class PooledEngine(ScoringEngine):
    """Its sessions take two groups at once."""

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> SessionPool:
        both = Barrier(2)
        return SessionPool(MeetingSession(self, both), lambda number: MeetingSession(self, both), at_most=2)


class FakeSession:
    """The session of a fake engine."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        self._engine.requested.append(list(requests))
        results = [[self._engine.continuation(request, branch) for branch in request.branches] for request in requests]
        if on_step is not None:
            on_step(1, sum(map(len, results)))
        return results

    def score(
        self, requests: Sequence[ScoreRequest], *, on_step: OnStep | None = None
    ) -> list[list[ContinuationScore]]:
        return self._engine.score(requests)

    def facts(self) -> dict[str, object]:
        return {"engine": "fake"}

    def __enter__(self) -> "FakeSession":
        return self

    def __exit__(self, *exception: object) -> None: ...


class MeetingSession(FakeSession):
    """Does nothing before both sessions have something to do."""

    def __init__(self, engine: FakeEngine, both: Barrier) -> None:
        super().__init__(engine)
        self._both: Barrier | None = both

    def generate(self, *requests: Any, **settings: Any) -> list[list[Continuation]]:
        self._meet()
        return super().generate(*requests, **settings)

    def score(self, *requests: Any, **settings: Any) -> list[list[ContinuationScore]]:
        self._meet()
        return super().score(*requests, **settings)

    def _meet(self) -> None:
        if self._both is not None:
            self._both.wait(30)
            self._both = None


class OverlappingSession(FakeSession):
    """The session of an overlapping engine."""

    def __init__(self, engine: OverlappingEngine) -> None:
        super().__init__(engine)
        self._breaks_after = engine.breaks_after

    def generate_groups(
        self, groups: Iterable[Sequence[GenerationRequest]], *, limits: Limits, on_step: OnStep | None = None
    ) -> Generator[FinishedGroup, None, None]:
        results = [self.generate(requests, limits=limits, on_step=on_step) for requests in groups]
        for number, place in enumerate(reversed(range(len(results)))):
            if number == self._breaks_after:
                raise RuntimeError("the server is gone")
            yield FinishedGroup(place, results[place])
