import pytest

from thoughtrank.errors import UserError
from thoughtrank.instantiate import make_component
from thoughtrank.prefixes.first_tokens import FirstTokens
from thoughtrank.prefixes.mined import MinedPrefixes
from thoughtrank.prefixes.prefix_list import PrefixList
from thoughtrank.prefixes.prefix_sets import PrefixSets, longest_opener, mining_sets, most_prefixes
from thoughtrank.prefixes.sampled import SampledThoughts

SETS = "thoughtrank.prefixes.prefix_sets.PrefixSets"
LIST = "thoughtrank.prefixes.prefix_list.PrefixList"

SAMPLED = SampledThoughts(count=1, temperature=1.0, seed=0)


def names(sets):
    return [prefix.name for prefix in sets.prefixes()]


def test_sets_stand_side_by_side_in_order():
    sets = PrefixSets(digits=PrefixList(values="12"), words=PrefixList(values=["Let", "So"]))
    assert names(sets) == ["1", "2", "Let", "So"]
    assert sets.faults() == []


def test_a_prefix_of_two_sets_is_one_prefix():
    sets = PrefixSets(
        lower=PrefixList(values="abc"), literal=PrefixList(values=["b", "I"]), upper=PrefixList(values="I")
    )
    assert names(sets) == ["a", "b", "c", "I"]
    assert sets.faults() == []


def test_different_prefixes_of_one_name_are_a_fault():
    sets = PrefixSets(
        literal=PrefixList(values=["sample_1"]), sampled=SampledThoughts(count=1, temperature=1.0, seed=0)
    )
    [fault] = sets.faults()
    assert "'sample_1'" in fault


def test_the_tag_format_counts_for_every_prefix():
    assert all(prefix.closed for prefix in PrefixSets(tag="closed", digits=PrefixList(values="12")).prefixes())
    assert not any(prefix.closed for prefix in PrefixSets(tag="open", digits=PrefixList(values="12")).prefixes())


@pytest.mark.parametrize("free", [SampledThoughts(count=2, temperature=1.0, seed=0), FirstTokens(count=2)])
def test_a_closed_tag_leaves_no_room_for_a_free_thought(free):
    [fault] = PrefixSets(tag="closed", digits=PrefixList(values="12"), free=free).faults()
    assert "prefixes.tag=open" in fault


def test_no_set_is_a_fault():
    [fault] = PrefixSets().faults()
    assert "at least one" in fault


def test_the_faults_of_all_sets_are_told_together():
    sets = PrefixSets(
        literal=PrefixList(values=[]),
        sampled=SampledThoughts(count=0, temperature=0.0, seed=0),
        first_tokens=FirstTokens(count=0),
    )
    assert len(sets.faults()) == 4


def test_a_key_that_is_no_set_is_a_fault_that_names_it():
    [fault] = PrefixSets(digits=PrefixList(values="1"), tags="open").faults()
    assert "prefixes.tags='open'" in fault


def test_other_settings_give_other_prefixes_which_is_what_stages_hash():
    sets = [PrefixSets(digits=PrefixList(values=values), tag=tag) for values in "12" for tag in ("open", "closed")]
    assert len({each.prefixes() for each in sets}) == 4


def test_a_wrong_value_inside_a_set_is_named_as_it_is_typed():
    with pytest.raises(UserError) as caught:
        make_component({"_target_": SETS, "literal": {"_target_": LIST, "values": 3}}, where="prefixes")
    assert all(fault.startswith("prefixes.literal.values") for fault in caught.value.faults)


def test_an_unknown_tag_format_is_named():
    with pytest.raises(UserError, match=r"prefixes\.tag"):
        make_component({"_target_": SETS, "tag": "ajar", "digits": {"_target_": LIST, "values": "1"}}, where="prefixes")


def mining(tag="open", *, count=3, fallback="abc"):
    return PrefixSets(
        tag=tag, lower=PrefixList(values="ab"), mined=MinedPrefixes(count=count, fallback=fallback), sampled=SAMPLED
    )


def test_openers_take_the_place_of_the_set_that_mines_them():
    sets = mining()
    assert names(sets) == ["a", "b", "c", "sample_1"]
    assert list(mining_sets(sets)) == ["mined"]
    prefixes = sets.with_openers({"mined": ["There are", "a"]})
    assert [prefix.name for prefix in prefixes] == ["a", "b", "There are", "sample_1"]
    assert prefixes[2].text == "There are"
    assert sets.with_openers({"mined": []}) == sets.prefixes()


def test_the_most_prefixes_are_those_of_the_round_with_most():
    assert most_prefixes(mining(count=3)) == 2 + 3 + 1
    assert most_prefixes(mining(count=1, fallback="cdefg")) == 2 + 5 + 1
    assert most_prefixes(PrefixSets(lower=PrefixList(values="ab"), sampled=SAMPLED)) == 3
    assert most_prefixes(PrefixList(values="ab")) == 2
    two = PrefixSets(one=MinedPrefixes(count=1, fallback="abc"), two=MinedPrefixes(count=5, fallback="abc"))
    assert most_prefixes(two) == 3 + 5


def test_only_sets_that_mine_the_run_itself_need_room_for_their_openers():
    assert longest_opener(mining()) == 48
    assert longest_opener(PrefixSets(lower=PrefixList(values="ab"))) == longest_opener(PrefixList(values="ab")) == 0


def test_a_closed_tag_leaves_nothing_to_mine():
    sets = PrefixSets(tag="closed", mined=MinedPrefixes(count=3, fallback="ab"))
    [fault] = sets.faults()
    assert "has no first words to mine" in fault
    assert PrefixSets(tag="open", mined=MinedPrefixes(count=3, fallback="ab")).faults() == []
