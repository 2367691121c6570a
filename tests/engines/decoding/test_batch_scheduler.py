"""Which branches are decoded together, for any lengths and any order of finishing."""

from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.engines.decoding.batch_scheduler import BatchScheduler, QuestionNeed

needs = st.lists(
    st.builds(
        QuestionNeed,
        prompt_tokens=st.integers(0, 300),
        branch_tokens=st.integers(1, 200),
        branches=st.integers(1, 9),
    ),
    min_size=1,
    max_size=8,
)


def play(needs, *, token_budget, max_rows, finishing):
    """Admit branches and finish them in a random order; returns every batch."""
    scheduler = BatchScheduler(needs, token_budget=token_budget, max_rows=max_rows)
    running, batches, kept = [], [], set()
    while admitted := scheduler.admit([question for question, _ in running]):
        running += admitted
        kept = ({question for question, _ in running}) | scheduler.partly_admitted()
        batches.append((list(running), scheduler.shape(rows=len(running), questions=kept)))
        while running and not (len(batches) % 2 and finishing.random() < 0.2):
            running.pop(finishing.randrange(len(running)))
    while running or admitted:
        running = []
        if admitted := scheduler.admit([]):
            running = admitted
            batches.append((list(running), None))
    return batches


@given(needs, st.integers(1, 20), st.integers(0, 3000), st.randoms(use_true_random=False))
def test_every_branch_is_admitted_once_and_the_budget_holds(needs, max_rows, extra, finishing):
    smallest = max(BatchScheduler(needs, token_budget=0).min_tokens(question) for question in range(len(needs)))
    budget = smallest + extra
    batches = play(needs, token_budget=budget, max_rows=max_rows, finishing=finishing)
    seen = set()
    for running, shape in batches:
        assert len(running) <= max_rows
        assert shape is None or shape.tokens <= budget
        seen |= set(running)
    assert seen == {(question, index) for question, need in enumerate(needs) for index in range(need.branches)}


def test_unequal_prompts_are_not_padded_to_each_other():
    needs = [QuestionNeed(prompt_tokens=tokens, branch_tokens=20, branches=1) for tokens in (60, 4000, 70, 64)]
    scheduler = BatchScheduler(needs, token_budget=10**6)
    assert scheduler.admit([]) == [(0, 0), (3, 0), (2, 0)]
    assert scheduler.admit([2]) == []
    assert scheduler.admit([]) == [(1, 0)]


def test_a_few_free_rows_are_not_worth_a_prefill():
    needs = [QuestionNeed(prompt_tokens=60, branch_tokens=20, branches=1)] * 100
    scheduler = BatchScheduler(needs, token_budget=10**6, max_rows=32)
    running = [question for question, _ in scheduler.admit([])]
    assert scheduler.admit(running[:30]) == []
    assert len(scheduler.admit(running[:28])) == 4
