"""A judge with secrets among its settings, as a user may write one."""

from thoughtrank.judging.fake import FakeJudge


class KeyedJudge(FakeJudge):
    """Ranks as ``FakeJudge``."""

    def __init__(self, *, api_key: str, server: dict[str, str]) -> None:
        super().__init__()
        self.api_key = api_key
        self.server = server
