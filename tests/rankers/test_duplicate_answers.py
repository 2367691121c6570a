from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.judging.protocol import AnswerView
from thoughtrank.rankers.duplicate_answers import duplicate_classes


def views(texts):
    return [AnswerView(str(index), text) for index, text in enumerate(texts)]


def test_equal_after_normalisation_and_trim_by_first_appearance():
    classes = duplicate_classes(views([" b", "caf\u00e9", "b\n", "cafe\u0301 ", "B"]))
    assert [(each.representative.text, each.members) for each in classes] == [
        ("b", ("0", "2")),
        ("caf\u00e9", ("1", "3")),
        ("B", ("4",)),
    ]


@given(st.lists(st.sampled_from(["a", " a", "b", "", " "])))
def test_every_answer_is_in_one_class(texts):
    classes = duplicate_classes(views(texts))
    assert sorted(member for each in classes for member in each.members) == sorted(str(i) for i in range(len(texts)))
    assert all(each.representative.answer_id == each.members[0] for each in classes)
    assert len({each.representative.text for each in classes}) == len(classes)
