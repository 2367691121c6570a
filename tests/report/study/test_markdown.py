from thoughtrank.report.study.markdown import markdown_table, spread


def test_a_table_has_the_columns_of_all_rows_but_those_without_a_figure():
    rows = [{"run": "a", "gain": "–", "n": "1"}, {"run": "b", "gain": "–", "more": "2"}]
    assert markdown_table(rows).splitlines() == [
        "| run | n | more |",
        "| --- | --- | --- |",
        "| a | 1 | – |",
        "| b | – | 2 |",
    ]


def test_a_mean_has_its_range_where_it_has_one_and_is_a_dash_where_a_seed_is_unknown():
    assert spread([0.25, 0.35]) == "30.0 % (25.0–35.0)"
    assert spread([0.25]) == "25.0 %"
    assert spread([0.25, None]) == spread([]) == "–"
