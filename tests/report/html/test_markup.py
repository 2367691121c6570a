from thoughtrank.report.html.markup import details, interval, note, scrolling, section, table
from thoughtrank.report.text_layout import percent


def test_a_section_has_its_content_or_a_sentence():
    assert '<h3 id="x-title">A &amp; B</h3><p>content</p></section>' in section("x", "A & B", "<p>content</p>")
    missing = section("x", "Title", "<p>content</p>", missing="There is <none>.")
    assert "There is &lt;none&gt;." in missing
    assert "content" not in missing


def test_cells_are_text_but_for_those_that_are_ours():
    shown = table(["name", "bar"], [["<b>", "<svg></svg>"]], caption="c", markup=(1,))
    assert '<th scope="row">&lt;b&gt;</th><td><svg></svg></td>' in shown
    assert '<th scope="col">name</th>' in shown
    assert "<svg>" not in table(["name", "bar"], [["<b>", "<svg></svg>"]], caption="c")


def test_the_cells_of_a_table_that_is_stacked_have_the_names_of_their_columns():
    shown = table(["", "", 'a "b"'], [["row", "x", "y"]], caption="c", stacked=True)
    assert '<table class="stacked">' in shown
    assert '<th scope="row">row</th><td>x</td><td data-column="a &quot;b&quot;">y</td>' in shown


def test_what_scrolls_can_be_reached_by_keyboard():
    assert 'tabindex="0" role="region" aria-label="chart"' in scrolling("<svg/>", label="chart")


def test_numbers_as_text():
    assert percent(None) == "–"
    assert percent(0.1234) == "12.3 %"
    assert interval(0.5, 0.4, 0.6) == "50.0 % [40–60]"
    assert interval(0.5, None, None) == "50.0 %"
    assert note("<i>").endswith("&lt;i&gt;</p>")
    assert details("<i>", "x").startswith("<details><summary>&lt;i&gt;</summary>x")
