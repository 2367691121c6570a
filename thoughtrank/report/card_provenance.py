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
