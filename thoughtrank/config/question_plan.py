"""What the plan says of test and development questions, and about how many tokens the choice of a round takes."""

from thoughtrank.config.components import Components
from thoughtrank.config.evaluation_plan import arms_tokens
from thoughtrank.config.schema import RunConfig
from thoughtrank.errors import UserError
from thoughtrank.evaluation.reference_kinds import kinds_text
from thoughtrank.questions.protocol import count_faults


def question_line(config: RunConfig, components: Components) -> str:
    """How many questions of each set have a reference answer of which kind, which decides the arms they are asked in.

    A plan is shown before faults: questions that cannot be read are no reason to show none.
    """
    if count_faults(components.questions):
        return "unknown until their numbers are corrected"
    try:
        held_out, chosen_by = components.questions.evaluation(), components.questions.development()
    except UserError:
        return "unknown until they can be read"
    development = "development, which choose the round to export" if config.export.which == "best" else "development"
    sets = {
        "test": [question.answer for question in held_out if not question.unseen],
        "test of unseen families": [question.answer for question in held_out if question.unseen],
        development: [question.answer for question in chosen_by],
    }
    return "; ".join(f"{name}: {kinds_text(answers)}" for name, answers in sets.items() if answers)


def development_tokens(config: RunConfig, components: Components) -> float:
    """Typical number of tokens for the development questions in all rounds; 0 where no round is chosen by them."""
    if config.export.which != "best":
        return 0.0
    return (config.rounds + 1) * components.questions.num_development * arms_tokens(["thought"], config)
