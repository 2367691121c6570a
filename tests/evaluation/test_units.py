"""A reply in another unit of the same dimension is right where it is the same quantity, and only there."""

import pytest

from thoughtrank.evaluation.answer_comparison import is_right
from thoughtrank.evaluation.numbers_in_text import NUMBER
from thoughtrank.evaluation.plain_text import plain
from thoughtrank.evaluation.units import unit_after

DIFFERENT = [
    ("The answer is 5 m.", "5 km"),
    ("5 cm", "5 meters"),
    (r"\boxed{5\text{ m}}", r"5\text{ km}"),
    ("So it takes 3 minutes.", "3 hours"),
    ("The answer is 3 days", "3 weeks"),
    ("It is 5 years", "5 days"),
    ("The answer is 20 mg", "20 g"),
    ("The answer is 2 litres", "2 ml"),
    ("The answer is 15 m²", r"15\mbox{ cm}^2"),
    ("15 square meters", "15 cm^2"),
    ("5 cents", "$5"),
    ("€5", "$5"),
    ("90 radians", r"90^\circ"),
    ("20 °F", "20 °C"),
    ("60 miles per hour", "60 km/h"),
    ("5 m/s", "5 km/h"),
    ("10 km = 10 m", "10 km"),
]
SAME = [
    ("The answer is 5000 m.", "5 km"),
    ("5,000 meters", "5 km"),
    ("120 minutes", "2 hours"),
    ("The answer is 500 cents", "$5"),
    ("10 km/h is 36 km/h. The answer is 10 m/s", "36 km/h"),
    ("15000000 mm²", "15 m²"),
    ("24 months", "2 years"),
    ("The answer is 1.5 kg", "1500 g"),
    ("5 kilometres", "5 km"),
    ("5 Km", "5 KM"),
    ("5 hrs", "5 hours"),
    ("The answer is 5 dollars", "$5"),
    ("$5.00", "5 dollars"),
    ("90 degrees", "90°"),
]
NUMBER_ALONE = [
    ("The answer is 5", "5 km"),
    ("5 km", "5"),
    ("5 apples", "5 pears"),
    ("5 apples", "5 km"),
    ("12 a day", "12 hours"),
    ("$12 a day", "$12"),
    ("5 km", "5 kg"),
    ("5 in total", "5 km"),
    ("50%", "50 %"),
    ("12 hours per apple", "12 minutes per pear"),
]


@pytest.mark.parametrize(("reply", "reference"), DIFFERENT)
def test_another_quantity_is_wrong(reply, reference):
    assert not is_right(reply, reference)


@pytest.mark.parametrize(("reply", "reference"), SAME)
def test_the_same_quantity_is_right(reply, reference):
    assert is_right(reply, reference)


@pytest.mark.parametrize(("reply", "reference"), NUMBER_ALONE)
def test_the_number_decides_where_a_unit_is_missing_unknown_or_of_another_dimension(reply, reference):
    assert is_right(reply, reference)


@pytest.mark.parametrize(
    ("text", "name", "dimension"),
    [
        ("5 km", "km1", "length 1"),
        ("5 sq. ft", "ft2", "length 2"),
        ("3 cubic meters", "m3", "length 3"),
        ("$7 per hour", "dollar1 per h", "currency 1 per time"),
        ("60 mi/h", "mile1 per h", "length 1 per time"),
        (r"5\text{ cm}^2", "cm2", "length 2"),
    ],
)
def test_units_are_known_by_one_name(text, name, dimension):
    text = plain(text)
    unit = unit_after(text, NUMBER.search(text))
    assert (unit.name, unit.dimension) == (name, dimension)


@pytest.mark.parametrize("text", ["5", "5 apples", "5 km per litre of that", "5 in total", "5 a day"])
def test_what_is_no_unit_is_none(text):
    unit = unit_after(text, NUMBER.search(text))
    assert unit is None or "per volume" in unit.dimension
