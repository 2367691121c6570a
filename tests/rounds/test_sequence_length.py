from thoughtrank.engines.protocol import Limits
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.context_filter import ContextFilter
from thoughtrank.prompting.thought_tags import answer_opener
from thoughtrank.questions.protocol import QuestionSource
from thoughtrank.records import Question
from thoughtrank.rounds.sequence_length import longest_sequence
from thoughtrank.storage.imported_candidates import ImportedCandidate, ImportedCandidates

STEM = "The answer is"
LIMITS = Limits(thought_tokens=16, answer_tokens=16)
FORCED = len(answer_opener(thought="", stem=STEM))


class Referenced(QuestionSource):
    """One question per round, with a reference."""

    train_per_round, held_out = 1, 1

    def __init__(self, *references):
        self._references = references

    def train(self, round_number):
        return [Question(f"r{round_number}", "How many?", self._references[round_number - 1])]

    def evaluation(self):
        return [Question("h", "How many?")]


def beyond_prompt_and_prefix(folder, *references, imported=None):
    """The tokens of the text, without the eighth."""
    questions = ContextFilter(
        source=Referenced(*references),
        chat=ChatTemplate.from_folder(folder),
        context_tokens=4096,
        written_tokens=32,
        prefixes=["a"],
    )
    tokens = longest_sequence(questions, limits=LIMITS, stem=STEM, rounds=len(references), imported=imported)
    forced = 4096 - questions.room - 32
    prompt = ChatTemplate.from_folder(folder).num_prompt_tokens("How many?")
    return (tokens - prompt - forced) * 8 // 9


def test_a_scored_text_is_a_thought_the_stem_and_the_longer_of_an_answer_and_a_reference(tiny_folder):
    assert beyond_prompt_and_prefix(tiny_folder, "12") == 16 + FORCED + 16
    assert beyond_prompt_and_prefix(tiny_folder, "12", "the capital of France") == 16 + FORCED + 21


def test_a_reference_in_free_text_is_not_scored(tiny_folder):
    assert beyond_prompt_and_prefix(tiny_folder, "Because it is. " * 40) == 16 + FORCED + 16


def test_imported_candidates_may_be_longer_than_the_limits(tiny_folder, tmp_path):
    imported = ImportedCandidates(tmp_path)
    imported.write(
        questions=[Question("r1", "How many?", "12")],
        candidates=[ImportedCandidate("r1", "a", "t" * 300, "b" * 40, None, None, "stop", "stop")],
    )
    assert beyond_prompt_and_prefix(tiny_folder, "12", imported=imported) == 300 + FORCED + 40
