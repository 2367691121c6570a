from thoughtrank.controls.sampled_prefixes import SampledPrefixes


def test_there_are_as_many_samples_as_the_run_has_prefixes_and_nothing_is_forced():
    samples = SampledPrefixes().prefixes(count=5, seed=3)
    assert len({each.name for each in samples}) == 5
    assert {(each.text, each.closed, each.seed, each.first_choice) for each in samples} == {("", False, 3, None)}
    assert all(each.temperature > 0 for each in samples)


def test_another_seed_samples_other_thoughts():
    control = SampledPrefixes()
    assert control.prefixes(count=2, seed=0) != control.prefixes(count=2, seed=1)


def test_its_model_is_asked_with_its_own_thought_and_without():
    asked = SampledPrefixes().asked_in(["thought", "swapped_thought", "own_thought", "answer_at_once"])
    assert asked == ("thought", "own_thought", "answer_at_once")
