from thoughtrank.judging.cost_bound import bounded_cost


def bound(**changes):
    settings = {"calls": 10, "answers_shown": 30, "answer_tokens": 5, "max_reply_tokens": 2, "audit_fraction": 0.0}
    settings |= {"price": (1.0, 2.0), "prices_as_of": None, "budget": None}
    return bounded_cost(**(settings | changes))


def test_every_factor_raises_the_bound():
    base = bound()
    assert (base.calls, base.prompt_tokens, base.reply_tokens) == (10, 7150, 20)
    assert base.dollars == (7150 * 1.0 + 20 * 2.0) / 1e6
    for change in (
        {"calls": 11},
        {"answers_shown": 31},
        {"answer_tokens": 6},
        {"max_reply_tokens": 3},
        {"price": (2.0, 2.0)},
    ):
        assert bound(**change).dollars > base.dollars


def test_the_audit_repeats_a_fraction_rounded_up():
    audited = bound(audit_fraction=0.02)
    assert audited.calls == 11
    assert audited.reply_tokens == 22


def test_an_unknown_price_is_not_free():
    assert bound(price=None).dollars is None
    assert bound(price=(0.0, 0.0)).dollars == 0.0
