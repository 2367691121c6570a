"""Batch plans over random examples, for the tests of several modules of batching."""

from types import SimpleNamespace

import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from thoughtrank.finetuning.batching.batch_loader import BatchLoader
from thoughtrank.finetuning.batching.batch_plan import MicroBatchLimits, plan_batches
from thoughtrank.finetuning.batching.examples import EncodedExample

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PADDING = 1


def example_of(length, first_target, start=2):
    return EncodedExample(token_ids=tuple(range(start, start + length)), first_target=first_target)


@st.composite
def plans(draw):
    """Examples of different lengths, and the arguments of a plan over them."""
    examples = []
    for number in range(draw(st.integers(1, 12))):
        length = draw(st.integers(2, 9))
        examples.append(example_of(length, draw(st.integers(1, length - 1)), start=100 * (number + 1)))
    arguments = {
        "epochs": draw(st.integers(1, 3)),
        "batch_size": draw(st.integers(1, 6)),
        "limits": MicroBatchLimits(examples=draw(st.integers(1, 6))),
        "seed": draw(st.integers(0, 99)),
    }
    return SimpleNamespace(
        examples=examples, plan=plan_batches(examples, **arguments), arguments=arguments, **arguments
    )


def load(planned, packing=False, **rank):
    return BatchLoader(examples=planned.examples, plan=planned.plan, padding_id=PADDING, packing=packing, **rank)


def same(one, other):
    return all(
        torch.equal(getattr(one, name), getattr(other, name))
        for name in ("token_ids", "position_ids", "predictor_indices", "target_ids")
    )
