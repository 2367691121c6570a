import re
from dataclasses import replace

from stored_runs import stored_run

from thoughtrank.report.html.prefix_section import prefix_section
from thoughtrank.report.html.round_candidates import reported_questions
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.html.stored_run import read_run


def statistics_of(run, number):
    statistics = RoundStatistics(number)
    for group in reported_questions(run.paths, number, selection={}):
        statistics.add(group)
    return statistics


def test_a_grid_of_every_round_the_last_one_open(tmp_path):
    run = read_run(stored_run(tmp_path))
    shown = prefix_section(run, [statistics_of(run, 1), statistics_of(run, 2)], name="run-0")
    cells = re.findall(r'class="prefix (w\w+)" data-round="(\d)" data-prefix="(.)" aria-label="([^"]*)"', shown)
    assert [cell[:3] for cell in cells[:3]] == [("w9", "2", "A"), ("w0", "2", "B"), ("w0", "2", "7")]
    assert cells[0][3] == "prefix A, win rate 100.0 %, mean gain +1.50"
    assert len(cells) == 6
    assert "<h4>Round 2</h4>" in shown
    assert (
        "Over all rounds together, as at the top of the page, these win significantly more often than the others: A."
        in shown
    )
    folded = shown.partition("All rounds together, as a table")[2].partition("</table>")[0]
    assert "<td>100.0 %</td><td>8 of 8</td><td>2.7</td><td>more often</td>" in folded
    assert "8 questions whose answers differ in rank" in folded
    assert "<summary>Round 1</summary>" in shown


def test_the_table_has_genuine_wins_distinct_answers_closing_and_lengths(tmp_path):
    run = read_run(stored_run(tmp_path))
    shown = prefix_section(run, [statistics_of(run, 2)], name="run-0")
    rows = re.findall(r'<tr><th scope="row">(A|B|7)</th>(.*?)</tr>', shown)
    cells = {prefix: re.findall(r"<td>([^<]*)</td>", row) for prefix, row in rows}
    # win rate, genuine, mean gain, distinct, selected, ranked, thought tokens, closed, same opening
    assert cells["A"] == ["100.0 %", "100.0 %", "+1.5", "0.0 %", "4", "100.0 %", "10", "100.0 %", "100.0 %"]
    assert cells["7"] == ["0.0 %", "0.0 %", "–", "0.0 %", "0", "0.0 %", "12", "0.0 %", "100.0 %"]
    assert "11 tokens per thought, 66.7 % of the thoughts ended before their limit" in shown
    assert "33.3 % genuine win rate" in shown
    assert "4 questions have better and worse answers." in shown
    assert "for the number of prefixes) more often than the others: none; less often: none." in shown
    assert "▲" not in shown.partition("</ol>")[0].partition("<ol")[2]


def test_the_table_has_p_top_where_the_ranker_knows_it(tmp_path):
    run = read_run(stored_run(tmp_path))
    p_top = {"A": 0.75, "B": 0.125, "7": None}
    statistics = RoundStatistics(1)
    for group in reported_questions(run.paths, 1, selection={}):
        statistics.add(
            [replace(each, ranking=replace(each.ranking, p_top=p_top[each.candidate.prefix])) for each in group]
        )
    shown = prefix_section(run, [statistics], name="run-0")
    rows = dict(re.findall(r'<tr><th scope="row">(A|B|7)</th>(.*?)</tr>', shown))
    cells = {prefix: re.findall(r"<td>([^<]*)</td>", row) for prefix, row in rows.items()}
    # win rate, genuine, mean gain, P(top), distinct
    assert [cells[prefix][3] for prefix in "AB7"] == ["75.0 %", "12.5 %", "–"]
    assert ">P(top)</th>" in shown
    assert "P(top): mean probability, given the judge's verdicts, that its answer is" in shown.replace("&#x27;", "'")
    assert "P(top)" not in prefix_section(run, [statistics_of(run, 1)], name="run-0")


def test_prefixes_that_differ_significantly_are_marked(tmp_path):
    run = read_run(stored_run(tmp_path, rounds=1, questions=12))
    shown = prefix_section(run, [statistics_of(run, 1)], name="run-0")
    cells = dict(re.findall(r'data-prefix="(.)" aria-label="([^"]*)"', shown))
    assert cells["A"].startswith("prefix A, win rate 100.0 %, significantly above the others")
    assert cells["B"] == "prefix B, win rate 0.0 %, significantly below the others"
    assert "100 % ▲" in shown
    assert shown.count("0 % ▼") == 2
    assert "for the number of prefixes) more often than the others: A; less often: B 7." in shown


def test_prefixes_of_several_words_are_listed_with_commas(tmp_path):
    run = read_run(stored_run(tmp_path, questions=12, prefixes=("The total", "So", "Half of")))
    shown = prefix_section(run, [statistics_of(run, 1), statistics_of(run, 2)], name="run-0")
    assert "for the number of prefixes) more often than the others: The total; less often: So, Half of." in shown


def test_without_gains_there_are_no_genuine_wins(tmp_path):
    run = read_run(stored_run(tmp_path, gains=False))
    shown = prefix_section(run, [statistics_of(run, 2)], name="run-0")
    assert '<th scope="row">A</th><td>100.0 %</td><td>–</td>' in shown
    assert "genuine win rate" not in shown.partition("As a table")[0]


def test_the_models_own_openers_are_those_of_its_free_replies(tmp_path):
    shown = prefix_section(read_run(stored_run(tmp_path)), [], name="run-0")
    assert '<th scope="row">Let</th><td>100.0 %</td><td>100.0 %</td><td>100.0 %</td>' in shown
    assert '<th scope="row">effective number (2 to the entropy)</th><td>1.0</td>' in shown


def test_strong_colours_mean_the_same_in_every_round(tmp_path):
    run = read_run(stored_run(tmp_path))
    half, whole = statistics_of(run, 1), statistics_of(run, 2)
    for group in list(reported_questions(run.paths, 1, selection={}))[:4]:
        first, second, last = group
        swapped = [replace(each, ranking=replace(each.ranking, rank=3 - each.rank)) for each in (first, second)]
        half.add([*swapped, last])
    shown = prefix_section(run, [half, whole], name="run-0")
    cells = re.findall(
        r'class="prefix (w\w+)" data-round="(\d)" data-prefix="A" aria-label="[^"]*win rate (\d+)', shown
    )
    assert cells == [("w9", "2", "100"), ("w5", "1", "50")]


def test_a_round_without_thoughts_has_a_column_of_dashes(tmp_path):
    run = read_run(stored_run(tmp_path))
    bare = [replace(each, reply="7") for each in run.rounds[0].replies]
    shown = prefix_section(
        replace(run, rounds=[replace(run.rounds[0], replies=bare), *run.rounds[1:]]), [], name="run-0"
    )
    assert '<th scope="row">Let</th><td>–</td><td>100.0 %</td><td>100.0 %</td>' in shown
    assert '<th scope="row">thoughts in all (100 %)</th><td>0</td><td>40</td><td>40</td>' in shown


def test_the_most_frequent_opener_is_compared_with_the_selected_examples(tmp_path):
    run = read_run(stored_run(tmp_path))
    shown = prefix_section(run, [statistics_of(run, 1), statistics_of(run, 2)], name="run-0")
    assert "100.0 % of the last model&#x27;s 40 thoughts begin with “Let”. Of the 8 selected examples, 0 do." in shown


def test_a_run_before_its_first_evaluation_has_a_sentence(tmp_path):
    (tmp_path / "config.yaml").write_text("seed: 0")
    assert "No round has ranked candidates yet." in prefix_section(read_run(tmp_path), [], name="run-0")
