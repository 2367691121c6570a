"""The screening of a round's questions: its stages in order, and what is left for the round."""

from thoughtrank.output.terminal import print_warning
from thoughtrank.questions.screening import ScreenedQuestion
from thoughtrank.rounds.round import Round
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.stages.gains import Gains
from thoughtrank.stages.generation import Generation
from thoughtrank.stages.screening import RightAnswers, Screening, screening_prefixes
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.tables import read_table


def screen_questions(builder: StageBuilder, current: Round) -> None:
    """Keep those of a round's questions that are worth asking in full, where the run screens them.

    Args:
        builder: of the run.
        current: the round, before its first stage; its ``questions`` are replaced.
    """
    source, store = builder.components.questions, builder.store
    if current.number == 0 or source.screen == 1:
        return
    paths = store.paths.screening(current.number)
    right = RightAnswers(questions=current.questions, scorer=builder.scorer)
    candidates = store.complete(_generation(builder, current))
    gains: Artifact | None = None
    if builder.components.engine.scores:
        gains = store.complete(
            Gains(
                name=f"round {current.number} screening gains",
                published=paths.gains,
                questions=current.questions,
                candidates=candidates,
                rankings=None,
                selector=right,
                model=current.generator,
                engine=builder.components.engine,
                stem=source.answer_stem,
            )
        )
    screening = store.complete(
        Screening(
            name=f"round {current.number} screening",
            published=paths.questions,
            questions=current.questions,
            candidates=candidates,
            gains=gains,
            right=right,
            at_most=source.train_per_round,
        )
    )
    kept = {row.question_id for row in read_table(screening.folder, ScreenedQuestion) if row.kept}
    current.questions = [question for question in current.questions if question.question_id in kept]
    current.screening = [each for each in (candidates, gains, screening) if each is not None]
    if not screening.facts["sometimes"]:
        print_warning(
            f"round {current.number}: none of the {screening.facts['screened']} screened questions was solved by some of its "
            f"thoughts and not by others ({screening.facts['never']} never, {screening.facts['always']} always): the first "
            "ones are asked. Easier or harder questions, or more questions.screen_prefixes, may help"
        )


def _generation(builder: StageBuilder, current: Round) -> Generation:
    prefixes = screening_prefixes(current.prefixes, count=builder.components.questions.screen_prefixes)
    engine = builder.components.engine
    return Generation(
        name=f"round {current.number} screening candidates",
        published=builder.store.paths.screening(current.number).candidates,
        questions=current.questions,
        prefixes=prefixes,
        model=current.generator,
        engine=engine,
        limits=builder.limits,
        group=max(1, engine.replies_per_group // len(prefixes)),
    )
