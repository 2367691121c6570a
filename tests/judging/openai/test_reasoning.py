import pytest

from thoughtrank.judging.openai.reasoning import answer_part


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("B > A", "B > A"),
        ("A first?</think> B > A", "B > A"),
        ("<think>a</think><think>b</think>B > A", "B > A"),
        ("[THINK]a[/THINK] B > A [EOS]", "B > A"),
        ("<|channel|>analysis<|message|>A > B<|end|><|start|>assistant<|channel|>final<|message|>B > A", "B > A"),
        ("analysisA > B assistantfinalB > A", "B > A"),
        ("B > A<|im_end|>\n<|im_start|>user\nA > B", "B > A"),
        ("<answer> B > A </answer>", "B > A"),
        ('{"reason": "ends in </think>", "ranking": []}', '{"reason": "ends in </think>", "ranking": []}'),
        ('x</think>{"reason": "says </s>"}<|eot_id|>', '{"reason": "says'),
    ],
)
def test_only_the_answer_is_left(reply, answer):
    assert answer_part(reply) == answer


@pytest.mark.parametrize(
    "reply",
    ["<think>B > A", "B > A</think>", "<|channel|>analysis<|message|>B > A", "the analysis: B > A", "I <think> B > A"],
)
def test_reasoning_is_never_taken_for_an_answer(reply):
    assert answer_part(reply) != "B > A"
