"""What training minimises (the config group ``objective``)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from thoughtrank.finetuning.batching.batches import Batch


class SupervisedFineTuning:
    """Cross-entropy on the tokens of the completion, nothing on the prompt."""

    def identity(self) -> dict[str, object]:
        """What decides the loss, for the fingerprint."""
        return {"objective": "sft"}

    def loss(self, *, model: Any, batch: "Batch") -> "Tensor":
        """Mean cross-entropy over the batch's target tokens (a scalar, nats per token).

        Logits are made only where a target is predicted, and in chunks.
        """
        from thoughtrank.finetuning.batching.batches import target_states
        from thoughtrank.finetuning.kernels.chunked_cross_entropy import chunked_cross_entropy

        return chunked_cross_entropy(
            hidden=target_states(model, batch), head=model.get_output_embeddings(), target_ids=batch.target_ids
        )
