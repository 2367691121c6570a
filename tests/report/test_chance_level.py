from thoughtrank.report.chance_level import chance_label


def test_chance_is_named_by_its_answer_of_which_a_long_one_is_cut():
    assert chance_label({"answer": "B", "accuracy": 0.3, "n": 9}) == "always “B”"
    assert (
        chance_label({"answer": "a+b+c+d+e+f+g+h+i+j+k", "accuracy": 0.3, "n": 9}) == "always “a+b+c+d+e+f+g+h+i+j+…”"
    )
