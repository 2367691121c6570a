"""Progress of a group that may have to be decoded again from its start."""

from thoughtrank.engines.protocol import OnStep


class StepReports:
    """Passes on what steps report, and keeps back what an earlier attempt has reported already.

    Args:
        on_step: who wants to know, or None.
    """

    def __init__(self, on_step: OnStep | None) -> None:
        self._on_step = on_step
        self._reported = [0, 0]
        self._attempt = [0, 0]

    def restart(self) -> None:
        """The group begins anew."""
        self._attempt = [0, 0]

    def __call__(self, tokens: int, finished: int) -> None:
        """See ``OnStep``."""
        self._attempt = [self._attempt[0] + tokens, self._attempt[1] + finished]
        news = [max(0, now - before) for now, before in zip(self._attempt, self._reported, strict=True)]
        self._reported = [before + new for before, new in zip(self._reported, news, strict=True)]
        if self._on_step is not None and any(news):
            self._on_step(*news)
