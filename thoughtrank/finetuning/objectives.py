"""What training minimizes (the config group ``objective``)."""

from typing import TYPE_CHECKING

from thoughtrank.finetuning.protocols import Objective

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from thoughtrank.finetuning.batching.batches import Batch


class SupervisedFineTuning(Objective):
    """Cross-entropy on the tokens of the completion; tokens of the prompt carry no loss."""

    def loss(self, *, model: "PreTrainedModel", batch: "Batch") -> "Tensor":
        """Mean cross-entropy over the batch's target tokens (a scalar, nats per token).

        Logits are computed for target positions only, in chunks.
        """
        from thoughtrank.finetuning.batching.batches import target_states
        from thoughtrank.finetuning.kernels.chunked_cross_entropy import chunked_cross_entropy

        return chunked_cross_entropy(
            hidden=target_states(model, batch), head=model.get_output_embeddings(), target_ids=batch.target_ids
        )
