"""What is said before a run, or after its plan alone, of rows that are not used and answers that can never be right."""

from thoughtrank.config.reference_check import unscorable
from thoughtrank.output.terminal import print_warning
from thoughtrank.questions.protocol import QuestionSource

_NAMED = 10
"""Rows, and answers, that are named."""


def warn_about_rows(questions: QuestionSource) -> None:
    """Name the rows that the source leaves out, and the reference answers that no reply can match.

    Raises:
        UserError: the questions cannot be read, or there are too few.
    """
    skipped = questions.skipped_rows
    for row in skipped[:_NAMED]:
        print_warning(f"skipped {row}")
    if more := len(skipped) - len(skipped[:_NAMED]):
        print_warning(f"skipped {more} more {'row' if more == 1 else 'rows'}")
    for text in unscorable(questions)[:_NAMED]:
        print_warning(f"this reference answer can never be right: {text}")
