import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.storage.fingerprint import fingerprint

# No booleans and no numbers below 2: in Python, unlike in JSON, True equals 1 and 1.0.
SCALARS = st.none() | st.integers(min_value=2) | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
INPUTS = st.dictionaries(st.text(), JSON, max_size=4)


def turned(value):
    """The same value with every mapping's keys the other way round."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(each) for each in value] if isinstance(value, list) else value


@given(INPUTS)
def test_the_order_of_the_keys_makes_no_other_fingerprint(inputs):
    assert fingerprint(**inputs) == fingerprint(**turned(inputs))


@given(INPUTS, INPUTS)
def test_fingerprints_are_equal_exactly_when_all_inputs_are(one, other):
    assert (fingerprint(**one) == fingerprint(**other)) == (one == other)


@given(INPUTS.filter(bool), st.data())
def test_any_changed_input_changes_the_fingerprint(inputs, data):
    key = data.draw(st.sampled_from(sorted(inputs)))
    value = data.draw(JSON.filter(lambda value: value != inputs[key]))
    assert fingerprint(**inputs | {key: value}) != fingerprint(**inputs)
    assert fingerprint(**{name: inputs[name] for name in inputs if name != key}) != fingerprint(**inputs)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_cannot_hold_is_refused(number):
    with pytest.raises(ValueError, match="JSON"):
        fingerprint(settings={"lr": number})


def test_a_fingerprint_can_name_a_folder():
    assert fingerprint(question="a/b\n..").isalnum()
