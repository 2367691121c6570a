"""What training minimises (the config group ``objective``)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from thoughtrank.finetuning.data import Batch


class SupervisedFineTuning:
    """Cross-entropy on the tokens of the completion, nothing on the prompt."""

    def identity(self) -> dict[str, object]:
        """What decides the loss, for the fingerprint."""
        return {"objective": "sft"}

    def loss(self, *, model: Any, batch: "Batch") -> "Tensor":
        """Mean cross-entropy over the batch's target tokens (a scalar, nats per token).

        Logits are made only at the positions before a target: with a large vocabulary and a long prompt most of the
        logits would be thrown away.
        """
        import torch

        hidden = model.base_model(input_ids=batch.token_ids, attention_mask=batch.attention_mask).last_hidden_state
        predicts = batch.targets[:, 1:]
        logits = model.get_output_embeddings()(hidden[:, :-1][predicts])
        return torch.nn.functional.cross_entropy(logits.float(), batch.token_ids[:, 1:][predicts])
