"""Between ranking and selection: by how much each thought that may be chosen raises the probability of the answer.

The model that generated the candidates scores them, of several the one that the round starts with. The judge sees no gains.
The stage is left out where the selection does not depend on gains.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, repeat
from typing import ClassVar

from thoughtrank.engines.concurrent_groups import each_group
from thoughtrank.engines.protocol import Engine, EngineSession, ScoreRequest
from thoughtrank.evaluation.statistics import mean
from thoughtrank.gains.thought_gain import GAIN_RULES, ThoughtScores, thought_scores
from thoughtrank.output.progress import progress_bar
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.special_tokens import ESCAPE_RULES
from thoughtrank.questions.groups import question_groups
from thoughtrank.records import Candidate, Gain, Question, RankedCandidate
from thoughtrank.selection.protocol import Chooser
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.stage import Stage, question_references, question_texts
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.done_marker import num_rows_of
from thoughtrank.storage.question_rows import rows_by_question, rows_of_questions
from thoughtrank.storage.tables import TableRows, part_path, write_part

_Choosable = tuple[Question, list[Candidate]]


@dataclass(frozen=True, kw_only=True)
class Gains(Stage):
    """The table of gains of one round, written group by group; finished groups are kept on resume.

    Attributes:
        questions: of this round.
        candidates: table of candidates.
        rankings: table of rankings, one row per candidate, in the same order; None where the selector reads none.
        selector: says which candidates may be chosen.
        model: that scores.
        engine: scores.
        stem: introduces a short answer.
    """

    kind: ClassVar[str] = "gains"
    reusable: ClassVar[tuple[str, ...]] = ("part-*.parquet",)
    questions: Sequence[Question]
    candidates: Artifact
    rankings: Artifact | None
    selector: Chooser
    model: RoundModel
    engine: Engine
    stem: str

    def inputs(self) -> dict[str, object]:
        """Candidates, rankings, what the selector may choose, questions with their reference answers, stem, model, engine,
        the group size, and the versions of the rules for prompts and gains."""
        return {
            "candidates": self.candidates.key,
            "rankings": None if self.rankings is None else self.rankings.key,
            "choosable": self.selector.choosable_settings(),
            "questions": question_texts(self.questions),
            "references": question_references(self.questions),
            "stem": self.stem,
            "model": self.model.key,
            "engine": self.engine.identity(),
            "even_groups_of": self.engine.questions_per_group,
            "prompts": ESCAPE_RULES,
            "gains": GAIN_RULES,
        }

    def make(self, artifact: Artifact) -> None:
        """Write the table, then the figures over it.

        Raises:
            UserError: the engine cannot score.
        """
        folder = self.model.folder()
        chat = ChatTemplate.from_folder(folder)
        choosable = self._choosable()
        facts: dict[str, object] = {}
        with (
            self.engine.open(folder, work_folder=artifact.folder) as session,
            progress_bar(description=self.name, total=len(self.questions), done=0, unit="question") as bar,
        ):
            groups = question_groups(self.questions, at_most=self.engine.questions_per_group)

            def missing() -> Iterator[tuple[int, list[_Choosable]]]:
                for number, questions in enumerate(groups):
                    group = list(islice(choosable, len(questions)))
                    if num_rows_of(part_path(artifact.folder, number)) != sum(len(each) for _, each in group):
                        yield number, group
                    else:
                        bar.update(len(questions))

            def work(numbered: tuple[int, list[_Choosable]]) -> tuple[int, list[Gain]]:
                number, group = numbered
                return number, self._gains(group, chat=chat, session=session)

            with closing(each_group(session, missing(), work=work)) as scored:
                for _, (number, gains) in scored:
                    write_part(part_path(artifact.folder, number), gains, record_type=Gain)
                    artifact.save_seconds()
                    bar.update(len(groups[number]))
            facts = session.facts()
        artifact.finish(engine=facts, **_figures(TableRows(artifact.folder, Gain)))

    def _choosable(self) -> Iterator[_Choosable]:
        """Every question with the candidates that may be chosen, possibly none."""
        ranking: Iterator[list[RankedCandidate]] = repeat([])
        if self.rankings is not None:
            ranking = rows_by_question(TableRows(self.rankings.folder, RankedCandidate))
        for question, candidates in rows_of_questions(self.questions, TableRows(self.candidates.folder, Candidate)):
            # A question without candidates has no rows in either table.
            yield question, self.selector.choosable(candidates, next(ranking)) if candidates else []

    def _gains(self, group: Sequence[_Choosable], *, chat: ChatTemplate, session: EngineSession) -> list[Gain]:
        planned: list[list[ThoughtScores]] = [
            [thought_scores(each, question, stem=self.stem, escape=chat.user_content) for each in candidates]
            for question, candidates in group
        ]
        requests = [
            ScoreRequest(
                prompt=chat.prompt(question.text, question.context),
                answers=tuple(text for each in of_question for text in each.texts),
            )
            for (question, _), of_question in zip(group, planned, strict=True)
        ]
        return [
            each.gain(*scores[2 * index : 2 * index + 2])
            for of_question, scores in zip(planned, session.score(requests), strict=True)
            for index, each in enumerate(of_question)
        ]


def _figures(rows: TableRows[Gain]) -> dict[str, object]:
    """How many gains there are, and the fractions that are positive and at least 3 nats."""
    gains = [row.gain for row in rows]
    return {
        "scored": len(gains),
        "positive": mean([gain > 0 for gain in gains]),
        "at_least_3": mean([gain >= 3 for gain in gains]),
    }
