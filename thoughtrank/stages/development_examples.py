"""The development examples of early stopping: right answers to the development questions, without a thought."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.evaluation.arms.protocol import SHORT_KINDS
from thoughtrank.evaluation.reference_kinds import understood
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import answer_opener
from thoughtrank.records import Example, Question
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.stage import Stage, question_fields
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.tables import write_part


@dataclass(frozen=True, kw_only=True)
class DevelopmentExamples(Stage):
    """A table of examples on which the loss is measured: that of the reference answer alone, after the forced beginning.

    Attributes:
        questions: development questions; those without a short reference answer are left out.
        stem: the words that are forced before an answer.
        model: whose chat template renders the prompts.
    """

    kind: ClassVar[str] = "development"
    questions: Sequence[Question]
    stem: str
    model: RoundModel

    def inputs(self) -> dict[str, object]:
        """The questions with their answers, the stem and the chat template; what an answer is read as, where it differs."""
        answers = {each.question_id: text for each, text in self._answers() if text != each.answer}
        read_as = {"answers": answers} if answers else {}
        return {"questions": question_fields(self.questions), "stem": self.stem, "model": self.model.key, **read_as}

    def make(self, artifact: Artifact) -> None:
        """Write the table."""
        chat = ChatTemplate.from_folder(self.model.folder())
        rows = [
            Example(
                question_id=question.question_id,
                candidate_id=f"{question.question_id}-reference",
                prompt=chat.prompt(question.text, question.context) + answer_opener(thought="", stem=self.stem),
                completion=f" {answer}",
            )
            for question, answer in self._answers()
            if answer
        ]
        write_part(artifact.folder / "part-00000.parquet", rows, record_type=Example)
        artifact.finish(examples=len(rows))

    def _answers(self) -> list[tuple[Question, str | None]]:
        """Each question with the short answer that its reference states; None without one."""
        return [(question, short_answer(question)) for question in self.questions]


def short_answer(question: Question) -> str | None:
    """What is expected right after the stem; None where the reference is a longer text, or there is none."""
    reference = understood(question.answer, question.answer_kind)
    return reference.text if reference.kind in SHORT_KINDS else None
