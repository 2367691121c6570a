"""Weights of examples in the loss with which every question counts the same, however many examples it gave."""

from array import array
from collections import Counter
from collections.abc import Sequence

from thoughtrank.finetuning.batching.examples import EncodedExample


def equal_question_weights(examples: Sequence[EncodedExample]) -> "array[float]":
    """One weight per example: the examples of a question share one.

    The weights are 1/k for the k examples of a question, times one factor for all, so that the weights of all target tokens add
    up to their number: the loss keeps its scale.

    Args:
        examples: the training set.
    """
    counts = Counter(example.question_id for example in examples)
    targets = [example.num_targets for example in examples]
    fractions = [1 / counts[example.question_id] for example in examples]
    factor = sum(targets) / sum(fraction * number for fraction, number in zip(fractions, targets, strict=True))
    return array("d", (factor * fraction for fraction in fractions))
