"""The module asks the engine for everything that depends on where it trains."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM

from thoughtrank.finetuning.batching.batches import padded_batch
from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.distributed.training_engine import TrainingEngine
from thoughtrank.finetuning.module import FineTuningModule
from thoughtrank.finetuning.objectives import SupervisedFineTuning
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.strategies import AutoStrategy

EXAMPLE = EncodedExample(token_ids=(1, 2, 3, 4), first_target=2, question_id="q1")


class WatchedEngine(TrainingEngine):
    """Notes what it is asked for."""

    def __init__(self, trainer):
        super().__init__(trainer)
        self.scaled, self.clipped = [], []

    def scale_loss(self, loss, *, accumulation):
        self.scaled.append((float(loss.detach()), accumulation))
        return loss * 8

    def clip_gradients(self, module, *, max_norm):
        self.clipped.append(max_norm)


class WatchedStrategy(AutoStrategy):
    def training_engine(self, trainer):
        return WatchedEngine(trainer)


@pytest.fixture
def module(tiny_folder):
    module = FineTuningModule(
        load=lambda engine: AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32),
        objective=SupervisedFineTuning(),
        optimizer=AdamW(lr=1e-3),
        strategy=WatchedStrategy(accelerator="cpu"),
        weights="fp32_master",
        accumulation=4,
    )
    module._trainer = SimpleNamespace(world_size=2)
    module.configure_model()
    return module


def test_the_model_is_loaded_once_ready_to_train(module):
    model = module.causal_lm
    module.configure_model()
    assert module.causal_lm is model
    assert model.training
    assert not model.config.use_cache


def test_a_loss_is_weighted_by_its_part_of_the_step_and_scaled_by_the_engine(module):
    batch = padded_batch([EXAMPLE], loss_weight=0.25, padding_id=0)
    loss = module.training_step(batch, 0)
    plain = module.objective.loss(model=module.causal_lm, batch=batch)
    [(weighted, accumulation)] = module.engine.scaled
    assert weighted == pytest.approx(0.25 * float(plain.detach()))
    assert accumulation == 4
    assert float(loss.detach()) == pytest.approx(8 * weighted)


@pytest.mark.parametrize(("world_size", "computed"), [(1, False), (2, True)])
def test_a_micro_batch_of_weight_0_is_computed_only_where_ranks_wait_for_it(module, world_size, computed):
    module._trainer.world_size = world_size
    loss = module.training_step(padded_batch([EXAMPLE], loss_weight=0.0, padding_id=0), 0)
    assert (loss is not None) == computed
    assert module.take_step_loss() == 0


def test_the_loss_of_a_step_adds_up_by_weights_and_is_read_once(module):
    losses = []
    for weight in (0.75, 0.25, 0.0):
        batch = padded_batch([EXAMPLE], loss_weight=weight, padding_id=0)
        losses.append(weight * float(module.objective.loss(model=module.causal_lm, batch=batch).detach()))
        module.training_step(batch, 0)
    assert module.take_step_loss() == pytest.approx(sum(losses))
    assert module.take_step_loss() == 0


def test_gradients_are_clipped_by_the_engine_where_a_norm_is_given(module):
    module.configure_gradient_clipping(None, 0.5)
    module.configure_gradient_clipping(None, 0.0)
    module.configure_gradient_clipping(None, None)
    assert module.engine.clipped == [0.5]


def test_a_checkpoint_leaves_frozen_weights_out(module, tiny_folder):
    module.model.get_input_embeddings().requires_grad_(False)
    checkpoint = {"state_dict": module.state_dict()}
    frozen = [name for name, parameter in module.named_parameters() if not parameter.requires_grad]
    module.on_save_checkpoint(checkpoint)
    assert frozen
    assert not set(frozen) & checkpoint["state_dict"].keys()
    assert {name for name, parameter in module.named_parameters() if parameter.requires_grad} <= set(
        checkpoint["state_dict"]
    )


def test_a_checkpoint_of_a_model_with_frozen_weights_is_not_loaded_strictly(module, tiny_folder):
    assert module.strict_loading

    def load(engine):
        model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
        model.get_input_embeddings().requires_grad_(False)
        return model

    module.model, module.load = None, load
    module.configure_model()
    assert isinstance(module.causal_lm, nn.Module)
    assert not module.strict_loading
