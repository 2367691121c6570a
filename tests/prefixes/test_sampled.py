from thoughtrank.prefixes.sampled import SampledThoughts


def test_sampled_thoughts_have_no_text_and_names_of_their_own():
    prefixes = SampledThoughts(count=3, temperature=0.7, seed=5).prefixes()
    assert [prefix.name for prefix in prefixes] == ["sample_1", "sample_2", "sample_3"]
    assert {(prefix.text, prefix.temperature, prefix.seed) for prefix in prefixes} == {("", 0.7, 5)}
    assert {prefix.first_choice for prefix in prefixes} == {None}


def test_count_and_temperature_are_both_checked():
    faults = SampledThoughts(count=0, temperature=0.0, seed=0).faults()
    assert [fault.split("=")[0] for fault in faults] == ["prefixes.sampled.count", "prefixes.sampled.temperature"]
    assert SampledThoughts(count=1, temperature=0.1, seed=0).faults() == []
