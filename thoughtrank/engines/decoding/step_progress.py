"""Progress of a group that may have to be decoded again from its start."""

from thoughtrank.engines.protocol import OnStep


class StepProgress:
    """Forwards the progress of steps, without what an earlier attempt at the group has already reported.

    Args:
        on_step: receives the progress; None for nobody.
    """

    def __init__(self, on_step: OnStep | None) -> None:
        self._on_step = on_step
        self._reported = [0, 0]
        self._attempt = [0, 0]

    def restart(self) -> None:
        """The group is decoded from its start."""
        self._attempt = [0, 0]

    def __call__(self, tokens: int, finished: int) -> None:
        """See ``OnStep``."""
        self._attempt = [self._attempt[0] + tokens, self._attempt[1] + finished]
        new = [max(0, now - before) for now, before in zip(self._attempt, self._reported, strict=True)]
        self._reported = [before + more for before, more in zip(self._reported, new, strict=True)]
        if self._on_step is not None and any(new):
            self._on_step(*new)
