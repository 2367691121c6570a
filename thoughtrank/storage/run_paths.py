"""The names inside a run folder. Its listing is the pipeline."""

from dataclasses import dataclass
from pathlib import Path

from thoughtrank.storage.done_marker import DONE

METRICS = "_evaluation.json"
"""In a table of replies: what the metrics of these replies are."""


@dataclass(frozen=True, slots=True)
class RoundPaths:
    """Every path of one round, or of one variant of a training control of a round.

    Attributes:
        folder: ``runs/<run>/round_<number>``, or in it ``controls/<control>/<variant>``.
    """

    folder: Path

    @property
    def openers(self) -> Path:
        """Table of the openers that were mined before the round, if its prefixes are mined."""
        return self.folder / "0_openers"

    @property
    def candidates(self) -> Path:
        """Table of candidates."""
        return self.folder / "1_candidates"

    def candidates_of(self, model: str) -> Path:
        """Table of the candidates of one model, if several generate."""
        return self.folder / f"1_candidates_{model}"

    @property
    def rankings(self) -> Path:
        """Table of rankings."""
        return self.folder / "2_rankings"

    @property
    def gains(self) -> Path:
        """Table of gains, if the selection depends on them."""
        return self.folder / "2_gains"

    @property
    def examples(self) -> Path:
        """Table of training examples."""
        return self.folder / "3_examples"

    @property
    def development(self) -> Path:
        """Table of development examples of a control, where it stops early."""
        return self.folder / "3_development"

    @property
    def model(self) -> Path:
        """The fine-tuned model."""
        return self.folder / "4_model"

    @property
    def replies(self) -> Path:
        """Table of the replies that the metrics are computed from."""
        return self.folder / "5_replies"

    @property
    def evaluation(self) -> Path:
        """Metrics of the model."""
        return self.folder / "5_evaluation.json"

    def win_rates(self, comparison: str) -> Path:
        """Table of the replies that a judge has compared, if it has."""
        return self.folder / "5_win_rates" / comparison


@dataclass(frozen=True, slots=True)
class ScreeningPaths:
    """Every path of the screening of a round's questions.

    Attributes:
        folder: ``runs/<run>/round_<number>/0_screening``.
    """

    folder: Path

    @property
    def candidates(self) -> Path:
        """Table of candidates, in the format of the round's."""
        return self.folder / "1_candidates"

    @property
    def gains(self) -> Path:
        """Table of gains of the right ones, if the engine scores."""
        return self.folder / "2_gains"

    @property
    def questions(self) -> Path:
        """Table of the questions that were screened, and why each was kept or not."""
        return self.folder / "3_questions"


@dataclass(frozen=True, slots=True)
class RunPaths:
    """Every path of one run.

    Attributes:
        folder: ``runs/<run>``.
    """

    folder: Path

    @property
    def config(self) -> Path:
        """The composed config, written once."""
        return self.folder / "config.yaml"

    @property
    def resolved(self) -> Path:
        """What ``auto`` means for this run, written once."""
        return self.folder / "resolved.yaml"

    @property
    def variables(self) -> Path:
        """Digests of settings that come from environment variables, written once."""
        return self.folder / "variables.yaml"

    @property
    def judge_costs(self) -> Path:
        """What the judge calls of its stages have cost, if they cost anything."""
        return self.folder / "judge_costs.json"

    @property
    def summary(self) -> Path:
        """Results of all rounds, written last."""
        return self.folder / "summary.json"

    @property
    def report(self) -> Path:
        """The report as one HTML file, written after every round."""
        return self.folder / "report.html"

    @property
    def questions(self) -> Path:
        """Table of the questions: part 0 the held-out ones, every other part those of its round."""
        return self.folder / "questions"

    @property
    def prefixes(self) -> Path:
        """Table of how each prefix did in each finished round."""
        return self.folder / "prefixes"

    @property
    def export(self) -> Path:
        """The released model."""
        return self.folder / "export"

    @property
    def log(self) -> Path:
        """Messages of every attempt at this run."""
        return self.folder / "run.log"

    @property
    def data(self) -> Path:
        """The examples in the formats of other trainers, if exported."""
        return self.folder / "data"

    def rounds_with_examples(self) -> list[int]:
        """Numbers of the rounds whose selection is finished."""
        found: list[int] = []
        while (self.examples(len(found) + 1) / DONE).exists():
            found.append(len(found) + 1)
        return found

    def first_unfinished_round(self) -> int:
        """Number of the first round that was not evaluated; 0 where nothing was."""
        number = 0
        while self.evaluation(number).exists():
            number += 1
        return number

    def round(self, round_number: int) -> RoundPaths:
        """What one round makes."""
        return RoundPaths(self.folder / f"round_{round_number}")

    def screening(self, round_number: int) -> "ScreeningPaths":
        """What the screening of a round's questions makes, if they are screened."""
        return ScreeningPaths(self.round(round_number).folder / "0_screening")

    def candidates(self, round_number: int) -> Path:
        """Table of candidates."""
        return self.round(round_number).candidates

    def rankings(self, round_number: int) -> Path:
        """Table of rankings."""
        return self.round(round_number).rankings

    def gains(self, round_number: int) -> Path:
        """Table of gains, if the selection depends on them."""
        return self.round(round_number).gains

    def examples(self, round_number: int) -> Path:
        """Table of training examples."""
        return self.round(round_number).examples

    def model(self, round_number: int) -> Path:
        """The fine-tuned model."""
        return self.round(round_number).model

    def evaluation(self, round_number: int) -> Path:
        """Metrics of the round's model."""
        return self.round(round_number).evaluation

    def replies(self, round_number: int) -> Path:
        """Table of the replies that the metrics are computed from."""
        return self.round(round_number).replies

    def development_replies(self, round_number: int) -> Path:
        """Table of the replies to development questions, if the exported round is chosen by them."""
        return self.round(round_number).folder / "5_development"

    def win_rates(self, round_number: int, comparison: str) -> Path:
        """Table of the replies that a judge has compared, if it has."""
        return self.round(round_number).win_rates(comparison)

    def control(self, round_number: int, *names: str) -> RoundPaths:
        """What one variant of a training control of a round makes; ``names`` are those of the control and the variant."""
        return RoundPaths(self.round(round_number).folder.joinpath("controls", *names))


def no_run_fault(folder: Path, *, lacks: str) -> str:
    """One sentence about a folder that does not contain a run.

    Args:
        folder: which may not exist.
        lacks: what a run's folder would contain.
    """
    what = f" is not a run folder: it has no {lacks}" if folder.exists() else ": no such folder"
    return f"{folder}{what}; give the folder of a run, such as runs/NAME"
