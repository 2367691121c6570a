"""Where the training data of a released model come from, in the words of its card."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What the released model was trained on.

    Attributes:
        chosen_round: the round that is released; 0 is the base model.
        num_prefixes: thoughts per question that the model writes.
        examples: number of examples in the trainings that led to it.
        imported: the candidates of round 1 were made elsewhere.
    """

    chosen_round: int
    num_prefixes: int
    examples: int
    imported: bool = False

    def introduction(self, *, base: str, judge: str) -> str:
        """What the released model is, in a paragraph.

        Args:
            base: how the text names the model of round 0.
            judge: how it names the judge.
        """
        ranked = f"a judge ({judge}) ranked the answers without seeing the thoughts"
        found = f"*thought-ranked fine-tuning*: {self.candidates()}; {ranked}"
        if not self.examples:
            return (
                f"An unchanged copy of {base}. It was to be fine-tuned by {found}. No model trained on the best pairs is "
                f"released, but that of round {self.chosen_round}, which was trained on none."
            )
        return (
            f"A version of {base}, fine-tuned to open its reply with a short thought and then to answer. The thoughts were "
            f"found by {found}; the best pairs became training data. This is the model after round {self.chosen_round}, "
            f"trained on {self.examples} such examples in all."
        )

    def candidates(self) -> str:
        """Where the thoughts and answers that were ranked come from."""
        written = f"for every question the model wrote one thought and answer for each of {self.num_prefixes} prefixes"
        if not self.imported:
            return written
        imported = "thoughts and answers that were made elsewhere were imported"
        return imported if self.chosen_round < 2 else f"in round 1 {imported}; after that, {written}"

    def authors(self) -> str:
        """Who wrote the training data."""
        if not self.imported:
            return "Training data were written by the model itself"
        if self.chosen_round < 2:
            return "Training data were made elsewhere, by whatever wrote the imported candidates,"
        return "Training data were imported for round 1, afterwards written by the model itself,"
