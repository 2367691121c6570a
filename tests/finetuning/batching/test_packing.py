from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packing import pack

PROMPT = (5, 6, 7)


def example(*completion, prompt=PROMPT):
    return EncodedExample(token_ids=(*prompt, *completion), first_target=len(prompt))


def test_a_shared_prompt_is_stored_once_and_positions_continue_after_it():
    packed = pack([example(10, 11, 12), example(8, 9, 4, prompt=(1, 2)), example(20, 21)])
    assert packed.token_ids.tolist() == [5, 6, 7, 1, 2, 8, 9, 10, 11, 20]
    assert packed.layout.positions.tolist() == [0, 1, 2, 0, 1, 2, 3, 3, 4, 3]
    assert packed.predictor_indices == [[2, 7, 8], [4, 5, 6], [2, 9]]


def test_prompts_with_continuations_come_first():
    packed = pack([example(1), example(2), example(10, 11, prompt=(8, 9)), example(20, 21, prompt=(8, 9))])
    assert packed.token_ids.tolist() == [8, 9, 5, 6, 7, 10, 20]
    assert len(packed.layout.prompt_slots) == 2
    assert packed.predictor_indices == [[4], [4], [1, 5], [1, 6]]


def test_an_example_without_a_prompt_learns_all_but_its_first_token():
    packed = pack([EncodedExample(token_ids=(3, 4, 5), first_target=0)])
    assert packed.token_ids.tolist() == [3, 4]
    assert packed.predictor_indices == [[0, 1]]
