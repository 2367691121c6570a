import shutil

import pytest

from thoughtrank.engines.protocol import Limits
from thoughtrank.errors import UserError
from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.questions.protocol import QuestionSource
from thoughtrank.records import Question
from thoughtrank.stages.usable_questions import questions_that_fit
from thoughtrank.storage.done_marker import write_done

LONG = "apples " * 4096
PREFIXES = (Prefix("a", text="a"),)


class TwoRounds(QuestionSource):
    """Questions of two rounds and held-out ones, by their texts."""

    def __init__(self, *rounds, held_out=("Held out?",)):
        self._rounds, self._held_out = rounds, held_out
        self.train_per_round, self.held_out = 2, len(held_out)

    def train(self, round_number):
        return [Question(f"r{round_number}-{n}", text) for n, text in enumerate(self._rounds[round_number - 1])]

    def evaluation(self):
        return [Question(f"h{n}", text) for n, text in enumerate(self._held_out)]


@pytest.fixture
def fit(store, base):
    def call(source, *, prefixes=PREFIXES, rounds=2, **options):
        limits = options.pop("limits", Limits(thought_tokens=20, answer_tokens=20))
        return questions_that_fit(
            source=source,
            prefixes=prefixes,
            base=base,
            paths=store.paths,
            limits=limits,
            model_faults=options.pop("model_faults", lambda folder: []),
            longest_opener=options.pop("longest_opener", 0),
            held_out_tokens=options.pop("held_out_tokens", 30),
            rounds=rounds,
        )

    return call


def test_questions_without_room_are_left_out_with_a_warning_that_names_them(fit, capsys):
    questions = fit(TwoRounds(["One?", LONG], ["Two?"], held_out=["Three?", LONG]))
    assert [each.text for each in questions.train(1)] == ["One?"]
    assert [each.text for each in questions.evaluation()] == ["Three?"]
    warnings = capsys.readouterr().err.splitlines()
    assert [line.split()[4] for line in warnings] == ["r1-1", "h1"]
    assert all(line.startswith("warning: left out question") and "context of 4096" in line for line in warnings)


def test_no_warning_where_all_fit(fit, capsys):
    fit(TwoRounds(["One?"], ["Two?"]))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (TwoRounds(["One?"], [LONG]), "the questions of round 2"),
        (TwoRounds(["One?"], ["Two?"], held_out=[LONG]), "the held-out questions"),
    ],
    ids=["a round", "held-out"],
)
def test_a_round_or_a_held_out_set_without_any_question_left_is_an_error(fit, source, what):
    with pytest.raises(UserError, match=f"{what} are all too long"):
        fit(source)


def test_only_the_rounds_of_the_run_are_checked(fit):
    assert len(fit(TwoRounds(["One?"], [LONG]), rounds=1).train(1)) == 1


@pytest.mark.parametrize(
    "long", [{"limits": Limits(thought_tokens=4000, answer_tokens=90)}, {"held_out_tokens": 4090}], ids=str
)
def test_the_longest_text_that_is_generated_decides_the_room(fit, long):
    with pytest.raises(UserError, match="leave no room for 4090 generated tokens"):
        fit(TwoRounds(["One?"], ["Two?"]), **long)


def test_room_is_kept_for_openers_that_are_mined_later(fit):
    source = TwoRounds(["One?"], ["Two?"])
    assert fit(source).room - fit(source, longest_opener=48).room == 48 - len("a")


def test_prefixes_without_text_are_no_fault_and_equal_ones_are(fit):
    source = TwoRounds(["One?"], ["Two?"])
    assert fit(source, prefixes=[Prefix("s0", temperature=1.0), Prefix("s1", temperature=1.0)])
    with pytest.raises(UserError, match="are the same"):
        fit(source, prefixes=[Prefix("one", text="a"), Prefix("two", text="a")])


def test_a_run_with_a_finished_round_needs_no_base_model(fit, base, store, tiny_folder):
    source = TwoRounds(["One?"], ["Two?"])
    shutil.copytree(tiny_folder, store.paths.model(1))
    fit(source)
    assert base.stage.source.written == 0


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
def test_a_model_of_the_run_with_a_cut_tokenizer_is_not_read(fit, base, store, tiny_folder, name):
    first = store.paths.model(1)
    shutil.copytree(tiny_folder, first)
    write_done(first, fingerprint="key", facts={})
    (first / name).write_bytes((first / name).read_bytes()[:-40])
    assert fit(TwoRounds(["One?"], ["Two?"]))
    assert base.stage.source.written == 1
