"""What the plan says of test and development questions, and about how many tokens the choice of a round takes."""

from collections.abc import Sequence

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.evaluation_plan import arms_tokens
from thoughtrank.config.dry_run.number_text import count
from thoughtrank.config.schema import RunConfig
from thoughtrank.errors import UserError
from thoughtrank.evaluation.reference_kinds import kinds_text
from thoughtrank.evaluation.scoring import ReferenceScorer, scorer_name
from thoughtrank.prefixes.prefix_sets import most_prefixes
from thoughtrank.questions.protocol import count_faults
from thoughtrank.records import Question


def question_line(config: RunConfig, components: Components) -> str:
    """How many questions of each set have a reference answer of which kind, which decides the arms they are asked in.

    A plan is shown before faults: questions that cannot be read are no reason to show none.
    """
    if count_faults(components.questions):
        return "unknown until their numbers are corrected"
    try:
        held_out, chosen_by = components.questions.evaluation(), components.questions.development()
    except UserError:
        number = components.questions.num_read
        if number is None:
            return "unknown until they can be read"
        return f"{count(number, 'question')} in all, fewer than are asked for"
    development = "development, which choose the round to export" if config.export.which == "best" else "development"
    sets = {
        "test": [question for question in held_out if not question.unseen],
        "test of unseen families": [question for question in held_out if question.unseen],
        development: list(chosen_by),
    }
    texts = [
        f"{name}: {count(len(questions), 'question')} ({_answers_text(questions)}){_turns_text(questions)}"
        for name, questions in sets.items()
        if questions
    ]
    scorer = components.questions.scorer
    if scorer is not None and not isinstance(scorer, ReferenceScorer):
        texts.append(f"{scorer_name(scorer)} decides what is right")
    return "; ".join(texts)


def _answers_text(questions: Sequence[Question]) -> str:
    if all(question.answer is None for question in questions):
        return "without reference answers"
    return f"answers: {kinds_text(questions)}"


def _turns_text(questions: Sequence[Question]) -> str:
    """How many questions are asked after other turns; empty where none is."""
    number = sum(bool(question.context) for question in questions)
    return f" ({number:,} asked after the turns of a conversation)" if number else ""


def screening_lines(config: RunConfig, components: Components) -> list[str]:
    """How many questions are screened, and what is kept; none where they are not."""
    source = components.questions
    if source.screen <= 1:
        return []
    questions, thoughts = source.screen * source.train_per_round, _screening_thoughts(components)
    tokens = questions * thoughts * (config.generation.thought_tokens + config.generation.answer_tokens)
    solved = (
        "right answer, positive gain" if components.engine.scores else "right answer; this engine computes no gains"
    )
    return [
        f"  screening   {count(questions, 'question')} x {count(thoughts, 'thought')} = "
        f"{count(questions * thoughts, 'candidate')} per round, at most {count(tokens, 'token')}; keeps up to "
        f"{count(source.train_per_round, 'question')} that some but not all of these thoughts solve ({solved})"
    ]


def screening_tokens(config: RunConfig, components: Components, *, rounds: Sequence[int]) -> float:
    """Typical number of tokens that are generated and scored to screen the questions of these rounds."""
    source = components.questions
    if source.screen <= 1:
        return 0.0
    questions = len(rounds) * source.screen * source.train_per_round
    limits = config.generation.thought_tokens + config.generation.answer_tokens
    return questions * _screening_thoughts(components) * 0.6 * limits


def _screening_thoughts(components: Components) -> int:
    """Per question: its own and the prefixed ones."""
    return 1 + min(components.questions.screen_prefixes, most_prefixes(components.prefixes))


def development_tokens(config: RunConfig, components: Components, *, rounds: Sequence[int]) -> float:
    """Typical number of tokens for the development questions in these rounds; 0 where no round is chosen by them."""
    if config.export.which != "best":
        return 0.0
    return len(rounds) * arms_tokens({"thought": components.questions.num_development}, config)
