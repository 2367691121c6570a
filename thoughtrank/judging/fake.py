"""A judge for tests and dry runs: a fixed order without meaning."""

from collections import defaultdict
from hashlib import sha256

from thoughtrank.judging.base import BaseJudge
from thoughtrank.judging.protocol import JudgeRequest, Verdict


class FakeJudge(BaseJudge):
    """Orders answers by the sha256 of their text; equal texts tie. Free, and the same on every machine.

    As a grade: from 10 for the smallest hash to 1 for the largest.
    """

    exact = True

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
