"""One branch, fed by hand: where tokens do not end where the closing tag does."""

import pytest
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from thoughtrank.engines.decoding.branch import BranchState
from thoughtrank.engines.decoding.branch_tokenizer import BranchTokenizer
from thoughtrank.engines.protocol import Branch, Limits

WORDS = [
    "a",
    "b",
    "c",
    "<",
    "/",
    "thought",
    ">",
    "</",
    "</thought",
    "</thought>",
    ">b",
    "</thought>b",
    "<thought>",
    "<end>",
]
NUMBER = {word: number for number, word in enumerate(WORDS)}
END = NUMBER["<end>"]


@pytest.fixture(scope="module")
def tokenizer():
    """A tokenizer whose tokens are the words above, the longest that fits first."""
    core = Tokenizer(models.Unigram([(word, -1.0 / len(word)) for word in WORDS], unk_id=0))
    core.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<end>")
    return BranchTokenizer(tokenizer=fast, end_tokens=frozenset([fast.convert_tokens_to_ids("<end>")]))


def fed(tokenizer, chosen, *, thought_tokens=20, answer_tokens=20, min_answer_tokens=0, ends_at_tag=False):
    """Choose these words one after the other; everything that was fed, and the continuation."""
    limits = Limits(thought_tokens=thought_tokens, answer_tokens=answer_tokens, min_answer_tokens=min_answer_tokens)
    branch = Branch(opener="a", in_thought=True, ends_at_tag=ends_at_tag)
    state = BranchState(
        tokenizer=tokenizer, limits=limits, question=0, opener_ids=[NUMBER["a"]], in_thought=True, branch=branch
    )
    state.start()
    choices, words = iter(chosen), []
    while not state.done:
        words.append(WORDS[state.next_token])
        forced = bool(state.forced)
        state.advance(NUMBER["c"] if forced else NUMBER[next(choices)])
    return words, state.continuation()


def test_a_tag_in_one_token_ends_the_thought(tokenizer):
    words, written = fed(tokenizer, ["b", "</thought>", "c", "<end>"])
    assert words == ["a", "b", "</thought>", "c"]
    assert (written.thought, written.answer) == ("b", "c")
    assert (written.thought_tokens, written.thought_finish) == (2, "stop")


def test_a_tag_in_pieces_ends_the_thought(tokenizer):
    words, written = fed(tokenizer, ["b", "</", "thought", ">", "c", "<end>"])
    assert "".join(words) == "ab</thought>c"
    assert (written.thought, written.answer, written.thought_tokens) == ("b", "c", 4)


@pytest.mark.parametrize("pieces", [["</thought", ">b"], ["</", "thought", ">b"], ["</thought>b"]])
def test_a_token_that_reaches_past_the_tag_is_rolled_back(tokenizer, pieces):
    words, written = fed(tokenizer, ["b", *pieces, "c", "<end>"])
    # The model chooses again after the tag: nothing of the answer comes from the token that was dropped.
    assert "".join(words) == "ab</thought>c"
    assert (written.thought, written.answer, written.thought_finish) == ("b", "c", "stop")
    assert "".join(WORDS[each] for each in written.thought_ids) == "b</thought>"


def test_a_thought_at_its_limit_is_closed_by_force(tokenizer):
    words, written = fed(tokenizer, ["b", "b", "b", "c", "<end>"], thought_tokens=3)
    assert words == ["a", "b", "b", "b", "</thought>", "c"]
    assert (written.thought, written.thought_finish, written.thought_tokens) == ("bbb", "length", 3)
    assert (written.answer, written.answer_finish) == ("c", "stop")


def test_a_turn_that_ends_inside_the_thought_finishes_it(tokenizer):
    words, written = fed(tokenizer, ["b", "<end>", "c", "<end>"])
    assert words == ["a", "b", "</thought>", "c"]
    assert (written.thought, written.thought_finish, written.answer) == ("b", "stop", "c")


def test_an_answer_at_its_limit_is_cut(tokenizer):
    words, written = fed(tokenizer, ["</thought>", "b", "b", "b"], answer_tokens=2)
    assert words == ["a", "</thought>", "b"]
    assert (written.answer, written.answer_finish) == ("bb", "length")


@pytest.mark.parametrize(
    "tag", [["<thought>"], ["<", "thought", ">"], ["<", "thought", ">b"], ["</thought>"], ["</", "thought", ">"]]
)
def test_a_branch_whose_answer_has_a_tag_ends_there_if_the_rest_is_not_used(tokenizer, tag):
    chosen = ["b", "</thought>", "c", *tag, "c", "<end>"]
    _, whole = fed(tokenizer, chosen)
    _, written = fed(tokenizer, chosen, ends_at_tag=True)
    assert written.answer == "c" + "".join(tag)
    assert whole.answer == written.answer + "c"
    assert written.answer_ids == whole.answer_ids[: len(written.answer_ids)]


@pytest.mark.parametrize("tag", [["<thought>"], ["<", "thought", ">"], ["<", "thought", ">b"]])
def test_a_branch_whose_thought_has_an_opening_tag_ends_there_if_the_rest_is_not_used(tokenizer, tag):
    chosen = ["b", *tag, "c", "</thought>", "c", "<end>"]
    _, whole = fed(tokenizer, chosen)
    _, written = fed(tokenizer, chosen, ends_at_tag=True)
    assert (written.thought, written.answer, written.answer_ids) == ("b" + "".join(tag), "", ())
    assert (whole.thought, whole.answer) == (written.thought + "c", "c")


def test_a_sign_that_completes_no_tag_ends_nothing(tokenizer):
    chosen = ["b", "<", ">", "</thought>", "c", ">", "thought", ">", "<end>"]
    assert fed(tokenizer, chosen, ends_at_tag=True) == fed(tokenizer, chosen)


def test_tokens_that_are_added_together_leave_the_same_branch(tokenizer):
    """What ``plain_tokens`` allows is what ``advance`` would have done one by one."""
    limits = Limits(thought_tokens=6, answer_tokens=5, min_answer_tokens=3)

    def new():
        branch = Branch(opener="ab", in_thought=True)
        state = BranchState(
            tokenizer=tokenizer, limits=limits, question=0, opener_ids=[0, 1], in_thought=True, branch=branch
        )
        state.start(read=1)
        return state

    one, together = new(), new()
    waiting, fed_tokens = [], []
    while not one.done:
        assert one.fed_ids == [0, *fed_tokens]
        fed_tokens.append(one.next_token)
        allowed = together.plain_tokens - len(waiting) > 0
        one.advance(NUMBER["c"])
        if allowed:
            waiting.append(NUMBER["c"])
            continue
        if waiting:
            together.extend(waiting)
            waiting = []
        together.advance(NUMBER["c"])
        assert (together.next_token, together.is_below_minimum) == (one.next_token, one.is_below_minimum)
    assert together.continuation() == one.continuation()
    assert one.continuation().thought_finish == one.continuation().answer_finish == "length"


def test_branches_that_choose_by_themselves_allow_no_plain_tokens(tokenizer):
    for options in ({"temperature": 1.0}, {"first_choice": 2}):
        state = BranchState(
            tokenizer=tokenizer,
            limits=Limits(6, 5),
            question=0,
            opener_ids=[0],
            in_thought=True,
            branch=Branch(opener="a", in_thought=True, **options),
        )
        state.start()
        assert state.plain_tokens == 0
