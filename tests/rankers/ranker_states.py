"""Helpers of the rankers' tests: the answers of one question, and a judge that orders by id."""

from thoughtrank.judging.protocol import AnswerView, Verdict
from thoughtrank.rankers.comparisons import no_comparisons


def views(count, *, text="text"):
    return [AnswerView(f"a{index:02}", f"{text} {index}") for index in range(count)]


def fresh(count, *, exact=False, seed=1):
    """The comparisons of a question with this many answers, before any call."""
    return no_comparisons(question_id="q", question="?", answers=views(count), reference=None, seed=seed, exact=exact)


def started(ranker, count, *, seed=1, exact=False, text="text", context_tokens=None):
    return ranker.start(
        question_id="q",
        question="?",
        answers=views(count, text=text),
        reference=None,
        seed=seed,
        exact=exact,
        context_tokens=context_tokens,
    )


def in_order(request):
    """A verdict that orders the answers by id, or grades the only one: 10 for a00, one less for each next."""
    ids = sorted(answer.answer_id for answer in request.answers)
    if request.mode == "score":
        return Verdict("ok", scores=((ids[0], float(10 - int(ids[0][1:]))),))
    return Verdict("ok", groups=tuple((each,) for each in ids))


def rounds(ranker, state, judge=in_order):
    """The requests of every round, and the last state."""
    plans = []
    while plan := ranker.plan(state):
        plans.append(plan)
        state = ranker.update(state, [(request, judge(request)) for request in plan])
    return plans, state


def ids(request):
    return {answer.answer_id for answer in request.answers}
