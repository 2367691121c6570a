"""How the questions fit the judge, imported candidates, the screening and the choice of a round."""

from thoughtrank.config.components import Components
from thoughtrank.config.reference_check import scores_any_question, unscorable_faults
from thoughtrank.config.schema import RunConfig
from thoughtrank.errors import UserError
from thoughtrank.evaluation.scoring import AcceptedScorer, scorer_name


def question_faults(components: Components) -> list[str]:
    """Questions that the judge, or the screening, cannot use, and imported candidates without a question to train on."""
    return [
        *_imported_faults(components),
        *_reference_faults(components),
        *_scorer_faults(components),
        *unscorable_faults(components),
        *_screening_faults(components),
    ]


def held_out_faults(components: Components) -> list[str]:
    """Whether there is anything to evaluate on."""
    if components.questions.held_out == 0:
        return ["questions.held_out=0 leaves nothing to evaluate a round on: hold out at least one question"]
    return []


def export_faults(config: RunConfig, components: Components) -> list[str]:
    """Whether a best round can be chosen, where one is to be."""
    if config.export.which != "best":
        return []
    if not components.questions.num_development:
        return [
            "export.which=best chooses the round on development questions, and there are none: set questions.development, "
            "such as questions.development=200, or export.which=last"
        ]
    if all(question.answer is None for question in components.questions.development()):
        return [
            "export.which=best chooses the round by its accuracy on development questions, and none of them has a reference "
            "answer: choose export.which=last"
        ]
    return []


def _imported_faults(components: Components) -> list[str]:
    if components.imported is None:
        return []
    if not components.questions.train(1):
        return [f"candidates={components.imported.folder}: all of its questions are held out: lower questions.held_out"]
    if not scores_any_question(components.questions.scorer) and components.judge.needs_reference:
        return [
            "candidates: this question source scores answers to its own questions only: choose a judge that reads (judge=gpt4, "
            "judge=openai), or other questions"
        ]
    return []


def _reference_faults(components: Components) -> list[str]:
    if not components.judge.needs_reference:
        return []
    without = sum(question.answer is None for question in components.questions.train(1))
    if without:
        return [
            f"this judge compares with a reference answer, but {without} of the first round's questions have none: "
            "give them an answer, or choose a judge that reads (judge=gpt4, judge=openai)"
        ]
    return []


def _scorer_faults(components: Components) -> list[str]:
    """Whether a configured scorer scores a first reply, before anything is generated."""
    scorer = components.questions.scorer
    question = next((each for each in components.questions.train(1) if each.answer is not None), None)
    if not isinstance(scorer, AcceptedScorer) or question is None or question.answer is None:
        return []
    reply = f"The answer is {question.answer}."
    try:
        scorer.score(reply, question_id=question.question_id, reference=question.answer)
    except UserError as error:
        return list(error.faults)
    except Exception as error:  # whatever a class of the user's raises
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return [f"questions.scorer: {scorer_name(scorer)} fails on the reply {reply[:60]!r} ({reason}): correct it"]
    return []


def _screening_faults(components: Components) -> list[str]:
    if components.questions.screen <= 1:
        return []
    if components.imported is not None:
        return [
            "questions.screen chooses the questions of every round, and candidates= brings those of round 1: set "
            "questions.screen=1, or leave candidates= out"
        ]
    without = sum(question.answer is None for question in components.questions.train(1))
    if without:
        return [
            f"questions.screen keeps questions by their right answers, but {without} of the first round's questions have no "
            "reference answer: give them one, or set questions.screen=1"
        ]
    return []
