from thoughtrank.judging.looks import AnswerView, Verdict
from thoughtrank.rankers.bimodal import BIMODAL, bimodal_flags
from thoughtrank.rankers.evidence import begin, take, with_looks
from thoughtrank.rankers.standing import stand

IDS = [f"a{index}" for index in range(8)]


def flags(*orders):
    answers = [AnswerView(each, each) for each in IDS]
    evidence = begin(question_id="q", question="?", answers=answers, reference=None, seed=1, exact=False)
    evidence = with_looks(evidence, [answers] * len(orders))
    verdicts = [Verdict("ok", groups=tuple((each,) for each in order)) for order in orders]
    evidence = take(evidence, list(zip(evidence.requests(), verdicts, strict=True)))
    return bimodal_flags(evidence, stand(evidence).scores)


def test_an_answer_that_is_first_or_last_and_nothing_between_is_flagged():
    honest, fooled = IDS, ["a7", *IDS[:7]]
    assert flags(honest, fooled, honest, fooled, honest, fooled) == {"a7": BIMODAL}


def test_steady_answers_and_few_looks_are_not():
    assert flags(*[IDS] * 6) == {}
    assert flags(IDS, ["a1", "a0", *IDS[2:]], ["a2", "a0", "a1", *IDS[3:]], IDS) == {}
    assert flags(IDS, ["a7", *IDS[:7]]) == {}
