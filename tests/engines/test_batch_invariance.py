"""The probe counts the candidates that another batch changes."""

from dataclasses import replace

from thoughtrank.engines.batch_invariance import probe_batch_composition
from thoughtrank.engines.protocol import Branch, Continuation, GenerationRequest, Limits
from thoughtrank.engines.transformers import TransformersEngine

LIMITS = Limits(thought_tokens=8, answer_tokens=4)
REQUESTS = [
    GenerationRequest(
        prompt=f"question {number}", branches=tuple(Branch(opener=each, in_thought=True) for each in "abcdef")
    )
    for number in range(3)
]


class Session:
    """Writes the opener; in batches of fewer than ``steady`` branches, something else for openers in ``changing``."""

    def __init__(self, changing: str) -> None:
        self.changing = changing
        self.sizes: list[int] = []

    def generate(self, requests, *, limits, on_step=None):
        self.sizes.append(sum(len(request.branches) for request in requests))
        other = "!" if len(self.sizes) > 1 else ""
        return [
            [
                self.written(branch.opener + (other if branch.opener in self.changing else ""))
                for branch in request.branches
            ]
            for request in requests
        ]

    def written(self, text: str) -> Continuation:
        return Continuation(text, (), 0, "stop", "", (), "stop")


def probe(changing: str, candidates: int):
    session = Session(changing)
    results = session.generate(REQUESTS, limits=LIMITS)
    found = probe_batch_composition(
        session=session, requests=REQUESTS, results=results, limits=LIMITS, candidates=candidates
    )
    return found, session.sizes


def test_changed_candidates_are_counted_over_an_even_spread():
    assert probe("", 6) == ({"candidates": 6, "changed": 0, "share_changed": 0.0}, [18, 6])
    assert probe("abcdef", 6) == ({"candidates": 6, "changed": 6, "share_changed": 1.0}, [18, 6])
    assert probe("a", 6)[0]["changed"] == 3


def test_never_the_whole_group_is_written_again_since_that_would_be_the_same_batch():
    assert probe("", 1000)[1] == [18, 9]


def test_in_float32_the_embedded_engine_changes_nothing(tiny_folder):
    requests = [replace(request, branches=request.branches[:4]) for request in REQUESTS]
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        results = session.generate(requests, limits=LIMITS)
        found = probe_batch_composition(
            session=session, requests=requests, results=results, limits=LIMITS, candidates=5
        )
    assert found == {"candidates": 5, "changed": 0, "share_changed": 0.0}
