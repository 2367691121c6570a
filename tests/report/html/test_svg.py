import re
import xml.etree.ElementTree as ElementTree

import pytest

from thoughtrank.report.html.svg import Point, histogram, interval_bar, legend, line_chart, series_classes


def test_a_line_chart_has_a_point_with_its_interval_per_round():
    series = [("<thought>", [Point(0, 0.2, 0.1, 0.3), Point(1, 0.5, 0.4, 0.6)]), ("other", [Point(1, 0.4, 0.3, 0.5)])]
    root = ElementTree.fromstring(line_chart(series, label='acc "by" round', x_label="round", looks=["s0", "control"]))
    titles = [each.text for each in root.iter("title")]
    assert "<thought>, round 1: 50.0 % [40.0 to 60.0]" in titles
    assert len(list(root.iter("circle"))) == 2
    assert [each.get("class") for each in root.iter("path")] == ["marker"]  # of the control
    assert root.get("aria-label") == 'acc "by" round'
    heights = [float(each.get("cy")) for each in root.iter("circle")]
    assert heights.index(min(heights)) != heights.index(max(heights))


def test_an_interval_bar_is_in_proportion():
    root = ElementTree.fromstring(interval_bar(0.5, 0.25, 0.75, low_end=0.0, high_end=1.0, look="s0"))
    (bar,) = [each for each in root.iter("rect") if each.get("class") == "range"]
    assert float(bar.get("x")) == pytest.approx(51)
    assert float(bar.get("width")) == pytest.approx(98)
    assert "zero" in interval_bar(1, -2, 3, low_end=-5, high_end=5, look="s0", zero=True)


def test_a_histogram_has_one_bin_per_rank():
    drawn = histogram([("round 1", {1: 3, 2: 1})], label="Ranks", x_label="")
    (points,) = re.findall(r'<polyline class="line" points="([^"]*)"', drawn)
    heights = [float(each.partition(",")[2]) for each in points.split()]
    assert len(heights) == 4
    assert (250 - heights[0]) / (250 - heights[2]) == pytest.approx(3**0.5, rel=0.02)


def test_the_lines_of_a_histogram_are_where_the_bars_of_their_percentages_end():
    drawn = histogram([("round 1", {1: 60, 2: 40})], label="Ranks", x_label="")
    (points,) = re.findall(r'<polyline class="line" points="([^"]*)"', drawn)
    heights = [float(each.partition(",")[2]) for each in points.split()]
    lines = re.findall(r'y1="([\d.]*)" y2="[\d.]*"/><text class="tick"[^>]*>([\d.]+ %)', drawn)
    assert [text for _, text in lines] == ["0 %", "1 %", "5 %", "10 %", "20 %", "40 %", "60 %"]
    assert [float({text: y for y, text in lines}[each]) for each in ("60 %", "40 %")] == [heights[0], heights[2]]


@pytest.mark.parametrize("counts", [{5: 1}, {-1.25: 2, 80.5: 3}, dict.fromkeys(range(1000), 1)])
def test_a_histogram_counts_every_value(counts):
    ElementTree.fromstring(histogram([("round 1", counts), ("round 2", counts)], label="x", x_label="tokens"))


def test_a_control_has_the_same_class_in_chart_and_legend_whatever_its_index():
    points = [Point(x=0, value=0.5, low=0.4, high=0.6)]
    for count in (2, 9, 12):
        names = [f"arm {number}" for number in range(count)]
        looks = [*series_classes(count - 1), "control"]
        chart = line_chart([(name, points) for name in names], label="accuracy", x_label="round", looks=looks)
        for text in (chart, legend(names, looks=looks)):
            assert text.count('class="control"') == 1


@pytest.mark.parametrize(
    ("most", "per_bar", "ticks"),
    [(62, 1, ["1", "16", "31", "47", "62"]), (100, 2, ["1", "25", "49", "75", "99"]), (3, 1, ["1", "2", "3"])],
)
def test_a_histogram_of_whole_numbers_says_how_many_a_bar_holds(most, per_bar, ticks):
    drawn = histogram([("round 1", dict.fromkeys(range(1, most + 1), 1))], label="Ranks", x_label="rank")
    assert f">rank, {per_bar} per bar<" in drawn
    assert re.findall(r'<text class="tick"[^>]*text-anchor="middle">([^<]*)<', drawn) == ticks


def test_a_legend_names_its_series_as_text():
    assert legend(["a", "<b>"]).count("<li") == 2
    assert "&lt;b&gt;" in legend(["a", "<b>"])


def test_series_beyond_the_colours_are_dashed_in_chart_and_legend():
    names = [f"arm {number}" for number in range(10)]
    points = [Point(x=0, value=0.5, low=0.4, high=0.6)]
    chart = line_chart([(name, points) for name in names], label="accuracy", x_label="round")
    for text in (chart, legend(names)):
        assert text.count("dashed") == 1
        assert 'class="s0 dashed"' in text
