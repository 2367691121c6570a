from dataclasses import dataclass

import pytest
import torch

from thoughtrank.finetuning.optimizers.scheduled_optimizer import ScheduledOptimizer


@dataclass(kw_only=True)
class GradientDescent(ScheduledOptimizer):
    """The smallest optimizer."""

    def _make(self, model, weights):
        return torch.optim.SGD(self._groups(list(model.parameters())), lr=self.lr)


def rates(steps, **settings):
    """The learning rate of every step."""
    built = GradientDescent(lr=0.5, **settings).build(torch.nn.Linear(2, 2), steps=steps, weights="fp32_master")
    optimizer, scheduler = built["optimizer"], built["lr_scheduler"]["scheduler"]
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_warm_up_is_a_fraction_of_the_steps():
    assert rates(10, warmup_share=0.3, schedule="constant_with_warmup") == pytest.approx(
        [0.125, 0.25, 0.375, *[0.5] * 7]
    )


def test_the_schedule_ends_at_the_final_fraction_of_the_peak():
    assert rates(11, warmup_share=0.0, schedule="linear", final_share=0.0)[::5] == pytest.approx([0.5, 0.25, 0.0])
    assert rates(10, warmup_share=0.0, schedule="wsd", decay_share=0.2, final_share=0.1)[7:] == pytest.approx(
        [0.5, 0.275, 0.05]
    )


def test_weight_decay_is_that_of_the_matrices():
    model = torch.nn.Linear(2, 2)
    optimizer = GradientDescent(lr=0.1, weight_decay=0.3).build(model, steps=2, weights="fp32_master")["optimizer"]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.3, 0.0]


def test_the_version_is_part_of_the_identity(monkeypatch):
    before = GradientDescent(lr=0.1).identity()
    assert before["lr"] == 0.1
    monkeypatch.setattr(GradientDescent, "version", 2)
    assert GradientDescent(lr=0.1).identity() != before
