import itertools
import math
import xml.etree.ElementTree as ElementTree

import pytest

from thoughtrank.report.figures.svg_file import colours, legend_lines, svg_file
from thoughtrank.report.html.svg import NUM_COLOURS


def linear(colour):
    """The channels of a colour of sRGB, linear in light."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]


def luminance(colour):
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def oklab(colour):
    """A colour in OKLab (Ottosson 2020), in which equal distances look about equally far."""
    to_cones = ((0.41222, 0.53633, 0.05145), (0.21190, 0.68070, 0.10740), (0.08830, 0.28172, 0.62998))
    to_lab = ((0.21045, 0.79362, -0.00407), (1.97800, -2.42859, 0.45059), (0.02590, 0.78277, -0.80868))
    vector = linear(colour)
    cones = [sum(map(math.prod, zip(row, vector, strict=True))) ** (1 / 3) for row in to_cones]
    return [sum(map(math.prod, zip(row, cones, strict=True))) for row in to_lab]


def test_the_colours_are_those_of_the_report_in_both_schemes():
    light, dark = colours("light"), colours("dark")
    assert light.keys() == dark.keys()
    assert (light["card"], dark["card"]) == ("#ffffff", "#181e28")
    assert {f"s{number}" for number in range(8)} <= light.keys()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_of_series_are_told_apart_from_each_other_and_from_their_card(scheme):
    found = colours(scheme)
    series = [found[name] for name in (*(f"s{number}" for number in range(NUM_COLOURS)), "control", "chance")]
    apart = [math.dist(oklab(one), oklab(other)) for one, other in itertools.combinations(series, 2)]
    assert min(apart) > 0.13
    # 3 to 1 is what WCAG asks of graphics.
    levels = [sorted((luminance(each), luminance(found["card"]))) for each in series]
    assert min((high + 0.05) / (low + 0.05) for low, high in levels) > 3


def test_a_file_is_well_formed_whatever_its_label():
    text = svg_file(["<g/>"], width=10, height=20, label='<b>"\x1b & \u202e</b>', scheme="dark")
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["viewBox"] == "0 0 10 20"
    assert "#181e28" in text


def test_a_legend_has_as_many_columns_as_its_longest_name_admits():
    parts, height = legend_lines(["short", "x" * 40, "also short"], top=0, width=640)
    assert len(parts) == 3
    assert height == 2 * 18
    assert legend_lines(["one", "two"], top=0, width=640)[1] == 18
