"""A judge for tests and dry runs: a fixed order that means nothing."""

from collections import defaultdict
from hashlib import sha256

from thoughtrank.judging.protocol import JudgeRequest, Verdict


class FakeJudge:
    """Orders answers by the sha256 of their text; equal texts tie. Free, and the same on every machine.

    As a grade: from 10 for the smallest hash to 1 for the largest.
    """

    exact = True
    concurrency = 1
    needs_reference = False
    context_tokens: int | None = None

    def identity(self) -> dict[str, object]:
        """Only its name."""
        return {"judge": "fake"}

    def faults(self) -> list[str]:
        """None, ever."""
        return []

    def family(self) -> str | None:
        """None: no model judges."""
        return None

    def price(self) -> tuple[float, float] | None:
        """Free."""
        return (0.0, 0.0)

    def judge(self, request: JudgeRequest) -> Verdict:
        """The answers in the order of their hashes, or the grade of the only one."""
        by_hash: dict[str, list[str]] = defaultdict(list)
        for answer in request.answers:
            by_hash[sha256(answer.text.encode(errors="surrogatepass")).hexdigest()].append(answer.answer_id)
        if request.mode == "score":
            ((digest, (answer_id,)),) = by_hash.items()
            grade = 10 - 9 * int(digest, 16) / (16**64 - 1)
            return Verdict(status="ok", scores=((answer_id, grade),), model="fake")
        groups = tuple(tuple(by_hash[digest]) for digest in sorted(by_hash))
        return Verdict(status="ok", groups=groups, model="fake")
