"""What training minimizes (the config group ``objective``)."""

import hashlib
from typing import TYPE_CHECKING

from thoughtrank.finetuning.protocols import Objective, QuestionWeights
from thoughtrank.user_input.number_ranges import Fraction

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from thoughtrank.finetuning.batching.batches import Batch


class SupervisedFineTuning(Objective):
    """Cross-entropy on the tokens of the completion; tokens of the prompt carry no loss.

    Args:
        answer_loss_share: fraction of the examples whose answer carries loss too. The others, which the seed of each
            training draws, teach the thought only, up to the closing tag. Examples with an empty thought keep all of their
            loss.
        question_weights: weight of a question in the loss: ``examples`` as much as it has examples, ``equal`` the same for all,
            so that the examples of a question share its weight.
    """

    # For subclasses whose constructor does not set them.
    answer_loss_share: Fraction = 1.0
    question_weights: QuestionWeights = "examples"

    def __init__(self, *, answer_loss_share: Fraction = 1.0, question_weights: QuestionWeights = "examples") -> None:
        self.answer_loss_share = answer_loss_share
        self.question_weights = question_weights

    def identity(self) -> dict[str, object]:
        """See ``Component``; as before there were weights, where a question weighs as much as it has examples."""
        identity = super().identity()
        if self.question_weights == "examples":
            identity.pop("question_weights", None)
        return identity

    def notes(self) -> list[str]:
        """How many examples teach the thought only, and that questions weigh the same."""
        notes = []
        if self.answer_loss_share != 1:
            skipped = f"{100 * (1 - self.answer_loss_share):.0f} %"
            notes.append(f"objective.answer_loss_share: about {skipped} of the examples teach the thought only")
        if self.question_weights == "equal":
            notes.append("objective.question_weights=equal: the examples of a question share its weight in the loss")
        return notes

    def learns_answer(self, example: str, *, seed: int) -> bool:
        """See ``Objective``."""
        digest = hashlib.sha256(f"answer/{seed}/{example}".encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8]) < self.answer_loss_share * 2**64

    def loss(self, *, model: "PreTrainedModel", batch: "Batch") -> "Tensor":
        """Mean cross-entropy over the batch's target tokens, each times its weight (a scalar, nats per token).

        Logits are computed for target positions only, in chunks.
        """
        from thoughtrank.finetuning.batching.batches import target_states
        from thoughtrank.finetuning.kernels.chunked_cross_entropy import chunked_cross_entropy

        return chunked_cross_entropy(
            hidden=target_states(model, batch),
            head=model.get_output_embeddings(),
            target_ids=batch.target_ids,
            target_weights=batch.target_weights,
        )
