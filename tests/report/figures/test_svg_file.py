import xml.etree.ElementTree as ElementTree

from thoughtrank.report.figures.svg_file import colours, legend_lines, svg_file


def test_the_colours_are_those_of_the_report_in_both_schemes():
    light, dark = colours("light"), colours("dark")
    assert light.keys() == dark.keys()
    assert (light["card"], dark["card"]) == ("#ffffff", "#181e28")
    assert {f"s{number}" for number in range(8)} <= light.keys()


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
