import pytest

from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packing import pack, shared_beginning

PROMPT = (5, 6, 7)


def example(*completion, prompt=PROMPT):
    return EncodedExample(token_ids=(*prompt, *completion), first_target=len(prompt))


def test_a_shared_prompt_is_stored_once_and_positions_continue_after_it():
    packed = pack([example(10, 11, 12), example(8, 9, 4, prompt=(1, 2)), example(20, 21)])
    assert packed.token_ids.tolist() == [5, 6, 7, 10, 11, 20, 1, 2, 8, 9]
    assert packed.layout.positions.tolist() == [0, 1, 2, 3, 4, 3, 0, 1, 2, 3]
    assert packed.predictor_indices == [[2, 3, 4], [7, 8, 9], [2, 5]]


def test_completions_of_one_token_attend_to_nothing_of_their_own():
    packed = pack([example(1), example(2), example(10, 11, prompt=(8, 9)), example(20, 21, prompt=(8, 9))])
    assert packed.token_ids.tolist() == [5, 6, 7, 8, 9, 10, 20]
    assert sorted(packed.layout.blocked.shared_tokens.tolist()) == [3, 4]
    assert packed.predictor_indices == [[2], [2], [4, 5], [4, 6]]


SYSTEM = tuple(range(30, 40))


def test_the_beginning_of_all_prompts_is_stored_once():
    packed = pack([example(10, 11, prompt=(*SYSTEM, 1)), example(20, 21, 22, prompt=(*SYSTEM, 2, 3))])
    assert packed.token_ids.tolist() == [*SYSTEM, 1, 10, 2, 3, 20, 21]
    assert packed.layout.positions.tolist() == [*range(10), 10, 11, 10, 11, 12, 13]
    assert packed.predictor_indices == [[10, 11], [13, 14, 15]]


def test_prompts_that_several_completions_share_follow_the_beginning_of_all():
    shared = (*SYSTEM, 1)
    packed = pack(
        [example(10, 11, prompt=shared), example(20, 21, prompt=(*SYSTEM, 2)), example(30, 31, prompt=shared)]
    )
    assert packed.token_ids.tolist() == [*SYSTEM, 1, 10, 30, 2, 20]
    assert packed.layout.positions.tolist() == [*range(10), 10, 11, 11, 10, 11]
    assert packed.predictor_indices == [[10, 11], [13, 14], [10, 12]]


def test_something_is_left_of_a_prompt_that_all_others_begin_with():
    examples = [example(1, 2, prompt=SYSTEM), example(3, 4, prompt=(*SYSTEM, 5))]
    assert shared_beginning(examples) == len(SYSTEM) - 1
    assert pack(examples).predictor_indices == [[9, 10], [12, 13]]


@pytest.mark.parametrize(("length", "shared"), [(7, 0), (8, 8)])
def test_few_tokens_are_not_shared(length, shared):
    assert shared_beginning([example(1, prompt=(*SYSTEM[:length], each, each)) for each in (2, 3)]) == shared


def test_equal_prompts_have_no_beginning_apart_from_themselves():
    assert shared_beginning([example(1, prompt=SYSTEM), example(2, prompt=SYSTEM)]) == 0


def test_an_example_without_a_prompt_learns_all_but_its_first_token():
    packed = pack([EncodedExample(token_ids=(3, 4, 5), first_target=0)])
    assert packed.token_ids.tolist() == [3, 4]
    assert packed.predictor_indices == [[0, 1]]
