"""Work on several groups: at once where the session allows it."""

from echoing_session import LIMITS, EchoingSession, group

from thoughtrank.engines.concurrent_groups import each_group
from thoughtrank.engines.decoding.devices.session_pool import SessionPool


def test_several_questions_may_be_put_about_a_group():
    pool = SessionPool(EchoingSession(0, []), lambda number: EchoingSession(number, []), at_most=2)

    def work(prompt):
        [[first]] = pool.generate(group(prompt), limits=LIMITS)
        return [first, *pool.score(group(prompt))[0]]

    assert sorted(each_group(pool, ["3", "1", "2"], work=work)) == [
        (place, [prompt, prompt, "scored"]) for place, prompt in enumerate(["3", "1", "2"])
    ]


def test_other_sessions_get_one_group_after_the_other():
    session = EchoingSession(0, [])

    def work(prompt):
        return session.generate(group(prompt), limits=LIMITS, on_step=lambda *step: None)

    assert list(each_group(session, ["2", "1"], work=work)) == [(0, [["2"]]), (1, [["1"]])]
