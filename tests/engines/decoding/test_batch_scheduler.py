"""Which branches are decoded together, for any lengths and any order of finishing."""

from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.engines.decoding.batch_scheduler import Need, Schedule

needs = st.lists(
    st.builds(
        Need,
        prompt_tokens=st.integers(0, 300),
        branch_tokens=st.integers(1, 200),
        branches=st.integers(1, 9),
    ),
    min_size=1,
    max_size=8,
)


def play(needs, *, token_budget, most_rows, finishing):
    """Let branches enter, and finish in an order the seed chooses; every batch there was."""
    schedule = Schedule(needs, token_budget=token_budget, most_rows=most_rows)
    living, batches, kept = [], [], set()
    while entering := schedule.admit([question for question, _ in living]):
        living += entering
        kept = ({question for question, _ in living}) | schedule.begun()
        batches.append((list(living), schedule.shape(rows=len(living), questions=kept)))
        while living and not (len(batches) % 2 and finishing.random() < 0.2):
            living.pop(finishing.randrange(len(living)))
    while living or entering:
        living = []
        if entering := schedule.admit([]):
            living = entering
            batches.append((list(living), None))
    return batches


@given(needs, st.integers(1, 20), st.integers(0, 3000), st.randoms(use_true_random=False))
def test_every_branch_enters_once_and_the_budget_holds(needs, most_rows, extra, finishing):
    smallest = max(Schedule(needs, token_budget=0).smallest(question) for question in range(len(needs)))
    budget = smallest + extra
    batches = play(needs, token_budget=budget, most_rows=most_rows, finishing=finishing)
    seen = set()
    for living, shape in batches:
        assert len(living) <= most_rows
        assert shape is None or shape.tokens <= budget
        seen |= set(living)
    assert seen == {(question, place) for question, need in enumerate(needs) for place in range(need.branches)}


def test_unequal_prompts_are_not_padded_to_each_other():
    needs = [Need(prompt_tokens=tokens, branch_tokens=20, branches=1) for tokens in (60, 4000, 70, 64)]
    schedule = Schedule(needs, token_budget=10**6)
    assert schedule.admit([]) == [(0, 0), (3, 0), (2, 0)]
    assert schedule.admit([2]) == []
    assert schedule.admit([]) == [(1, 0)]


def test_a_few_free_places_are_not_worth_a_prefill():
    needs = [Need(prompt_tokens=60, branch_tokens=20, branches=1)] * 100
    schedule = Schedule(needs, token_budget=10**6, most_rows=32)
    living = [question for question, _ in schedule.admit([])]
    assert schedule.admit(living[:30]) == []
    assert len(schedule.admit(living[:28])) == 4
