from thoughtrank.report.text_layout import fixed_width, listed_prefixes, sentence_case, wrapped


def test_a_table_has_no_blanks_at_the_end_of_a_line():
    assert fixed_width([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc  d"


def test_a_table_that_is_too_wide_is_folded_and_repeats_its_first_column():
    rows = [["job", "x" * 60, "y" * 60, "z" * 30], ["1", "2", "3", "4"]]
    first, second = fixed_width(rows).split("\n\n")
    assert first.splitlines() == [f"job  {'x' * 60}", "1    2"]
    assert second.splitlines() == [f"job  {'y' * 60}  {'z' * 30}", f"1    3{' ' * 61}4"]


def test_a_table_of_exactly_a_hundred_columns_is_not_folded_and_no_cell_is_cut():
    assert fixed_width([["a" * 49, "b" * 49]]) == f"{'a' * 49}  {'b' * 49}"
    assert fixed_width([["a" * 49, "b" * 50]]).count("\n\n") == 0  # a block never holds the first column alone
    assert "b" * 200 in fixed_width([["a", "b" * 200, "c"]])


def test_a_sentence_is_wrapped_between_words_and_a_path_stays_whole():
    text = f"Two rounds raised accuracy by {'much ' * 30}see /{'long-name' * 15}/report.html."
    lines = wrapped(text).splitlines()
    assert [len(line) <= 100 for line in lines].count(False) == 1
    assert " ".join(line.strip() for line in lines) == text
    assert all(line.startswith("  ") for line in lines[1:])


def test_a_short_sentence_is_left_as_it_is():
    assert wrapped("Nothing to fold.") == "Nothing to fold."


def test_prefixes_of_several_words_are_told_apart():
    assert listed_prefixes(["a", "b", "7"]) == "a b 7"
    assert listed_prefixes(["So", "The total"]) == "So, The total"
    assert listed_prefixes([]) == ""


def test_only_the_first_letter_of_a_sentence_becomes_a_capital():
    assert sentence_case("a GGUF file") == "A GGUF file"
    assert sentence_case("") == ""
