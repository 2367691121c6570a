import pytest

from thoughtrank.questions.rows.bad_row import BadRowError, clean, require_encodable


def test_a_text_has_no_white_space_around_it():
    assert clean(" Wie groß?\n\n so \t", column="q") == "Wie groß?\n\n so"


def test_half_of_a_character_is_named_with_its_column():
    for check in (clean, require_encodable):
        with pytest.raises(BadRowError, match="'q' contains half of a character"):
            check("a \udfff", column="q")
