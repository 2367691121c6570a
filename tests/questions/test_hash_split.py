from collections import Counter

import pytest

from thoughtrank.questions.hash_split import hashed_split


def test_a_third_is_for_test_a_sixth_for_development_and_half_for_training():
    counts = Counter(hashed_split(f"question {number}") for number in range(12_000))
    shares = {split: count / 12_000 for split, count in counts.items()}
    assert shares == pytest.approx({"train": 1 / 2, "development": 1 / 6, "test": 1 / 3}, abs=0.015)


def test_the_split_of_a_question_never_changes():
    # Another value here would move test questions into the training of later versions.
    keys = ("joining/3-5", "What is 1 + 2?", "é", "sharing/5-20", "joining/2-9")
    assert [hashed_split(key) for key in keys] == ["train", "train", "train", "development", "test"]
