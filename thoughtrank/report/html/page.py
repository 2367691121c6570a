"""Assembles the report: header, sections of every run, candidate browser, data and scripts in one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from thoughtrank.records import Question
from thoughtrank.report.html.about import about
from thoughtrank.report.html.accuracy_section import accuracy_section
from thoughtrank.report.html.browser_data import CandidateIndex, Elements, held_out_index
from thoughtrank.report.html.candidate_sections import distribution_section, problems_section
from thoughtrank.report.html.cautions import cautions
from thoughtrank.report.html.comparison_headline import comparison_headline
from thoughtrank.report.html.embedding import content_policy, escaped, script_json
from thoughtrank.report.html.headline import headline
from thoughtrank.report.html.held_out_tables import read_held_out_tables
from thoughtrank.report.html.key_figures import key_figures
from thoughtrank.report.html.prefix_section import prefix_section
from thoughtrank.report.html.round_candidates import readable, reported_questions
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.html.run_comparison import compare_runs
from thoughtrank.report.html.run_sections import curves_of, judge_section, settings_section, training_section
from thoughtrank.report.html.runs_table import comparison_section, run_titles
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.verdict_texts import verdict_texts
from thoughtrank.report.labels import ARM_LABELS, CONTROL_LABELS
from thoughtrank.storage.tables import TableRows

_STYLES = ("vendor/uPlot.min.css", "report.css")
_SCRIPTS = (
    "vendor/uPlot.iife.min.js",
    "data.js",
    "curves.js",
    "windowed_list.js",
    "candidates.js",
    "held_out.js",
    "page.js",
)
_SECTIONS = (
    ("accuracy", "Accuracy"),
    ("prefixes", "Prefixes"),
    ("distributions", "Distributions"),
    ("problems", "Truncated and failed"),
    ("judge", "Judge and cost"),
    ("training", "Training"),
    ("settings", "Config"),
)


@dataclass(frozen=True, slots=True)
class _Article:
    """The sections of one run, what was run in short, and its part of the index."""

    markup: str
    about: str
    index: Mapping[str, Any]


def report_page(runs: Sequence[StoredRun]) -> list[str]:
    """The whole page as pieces of text.

    Args:
        runs: at least one.
    """
    elements = Elements()
    compared = compare_runs(runs) if len(runs) > 1 else []
    runs = [run for each in compared for run in each.runs] or runs
    articles = [_article(run, name=f"run-{number}", elements=elements) for number, run in enumerate(runs)]
    top = comparison_headline(compared) if compared else headline(runs[0])
    index = {
        "version": 1,
        "headline": top,
        "labels": {name: label.text for name, label in {**ARM_LABELS, **CONTROL_LABELS}.items()},
        "rounds": [entry for article in articles for entry in article.index["rounds"]],
        "runs": [article.index for article in articles],
    }
    title = runs[0].name if len(runs) == 1 else f"{len(runs)} runs"
    choices = run_titles(compared)
    parts = [
        _header(title=title, top=top, about_run="" if compared else articles[0].about, choices=choices),
        '<main id="main">',
        comparison_section(compared) if compared else "",
        *(article.markup for article in articles),
        _asset("browser.html"),
        "</main>",
        _footer(),
    ]
    return _document("".join(parts), title=title, index=index, elements=elements)


def _document(body: str, *, title: str, index: Mapping[str, Any], elements: Elements) -> list[str]:
    styles = ["\n".join(map(_asset, _STYLES))]
    scripts = [_asset(name) for name in _SCRIPTS]
    policy = content_policy(scripts=scripts, styles=styles)
    head = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        '<meta name="color-scheme" content="light dark">\n',
        f"<title>{escaped(title)} – thoughtrank report</title>\n",
        *(f"<style>{style}</style>\n" for style in styles),
        "</head>\n<body>\n",
    ]
    data = f'<script type="application/json" id="thoughtrank-data">{script_json(index)}</script>\n'
    code = "".join(f"<script>{script}</script>\n" for script in scripts)
    return [*head, body, data, code, *elements.texts, "</body>\n</html>\n"]


def _header(*, title: str, top: str, about_run: str, choices: Sequence[str]) -> str:
    """Title, headline, and links to the sections; of several runs the first one is shown at first.

    Args:
        title: of the page.
        top: its headline.
        about_run: what was run; empty for several runs.
        choices: what tells several runs from each other; empty for one run.
    """
    links = "".join(f'<li><a href="#run-0-{name}-title">{text}</a></li>' for name, text in _SECTIONS)
    chooser = ""
    if choices:
        options = "".join(
            f'<option value="{number}"{"" if number else " selected"}>{escaped(choice)}</option>'
            for number, choice in enumerate(choices)
        )
        chooser = f'<label class="chooser">Run <select id="run-choice">{options}</select></label>'
    described = f'<p class="about">{escaped(about_run)}</p>' if about_run else ""
    return (
        '<a class="skip" href="#main">Skip to the content</a>\n<header class="top"><p class="brand">thoughtrank report</p>'
        f'<h1>{escaped(title)}</h1><p class="headline">{escaped(top)}</p>{described}</header>\n'
        f'<nav aria-label="Sections"><ul>{links}<li><a href="#browser-title">Candidates</a></li></ul>{chooser}</nav>\n'
    )


def _article(run: StoredRun, *, name: str, elements: Elements) -> _Article:
    """Read the tables of one run, and build its part of the page."""
    selection = run.config.get("selection")
    settings = selection if isinstance(selection, dict) else {}
    questions = _questions(run)
    rounds, indices = [], []
    for each in run.rounds:
        statistics = RoundStatistics(each.number)
        verdicts = verdict_texts(run.paths.rankings(each.number) / "_verdicts.jsonl")
        index_of_round = CandidateIndex(each.number, questions=questions, verdicts=verdicts, elements=elements)
        for group in reported_questions(run.paths, each.number, selection=settings):
            statistics.add(group)
            index_of_round.add(group)
        if statistics.candidates:
            rounds.append(statistics)
            indices.append(index_of_round.finish())
    replies = {each.number: each.replies for each in run.rounds if each.replies}
    beside = read_held_out_tables(run.paths, rounds=[each.number for each in run.rounds])
    index = {
        "name": run.name,
        "headline": headline(run),
        "rounds": [_round_entry(run, number) for number in range(len(run.rounds))],
        "curves": curves_of(run),
        "candidates": indices,
        "held_out": held_out_index(replies, questions=questions, elements=elements, beside=beside),
    }
    state = "" if run.finished else '<p class="note">This run is not finished: the report shows what it has so far.</p>'
    described = about(run, rounds)
    markup = [
        f'<article class="run" id="{name}" aria-labelledby="{name}-title">',
        f'<h2 id="{name}-title">{escaped(run.name)}</h2>{state}',
        f'<p class="run-headline">{escaped(headline(run))}</p><p class="run-headline about">{escaped(described)}</p>',
        key_figures(run, rounds),
        cautions(run),
        accuracy_section(run, name=name, judged=beside.judged),
        prefix_section(run, rounds, name=name),
        distribution_section(rounds, name=name),
        problems_section(run, rounds, name=name),
        judge_section(run, name=name),
        training_section(run, name=name),
        settings_section(run, name=name),
        "</article>\n",
    ]
    return _Article("".join(markup), described, index)


def _round_entry(run: StoredRun, index: int) -> dict[str, Any]:
    each = run.rounds[index]
    names = ("n", "accuracy", "accuracy_low", "accuracy_high", "unseen_accuracy")
    figures = {name: each.metrics.get(name) for name in names}
    return {
        "run": run.name,
        "round": each.number,
        **figures,
        "judge_cost": each.cost,
        "seconds": sum(each.seconds.values()),
    }


def _questions(run: StoredRun) -> dict[str, Question]:
    """The questions of a run by id; none in the folder of an older run."""
    return {each.question_id: each for each in readable(TableRows(run.paths.questions, Question))}


def _footer() -> str:
    return (
        "<footer><p>Built from the tables of the run folder by <code>python -m thoughtrank.report</code>. The file needs no "
        "network. Curves by uPlot (MIT licence, © Leon Sorokin).</p></footer>\n"
    )


def _asset(name: str) -> str:
    return files("thoughtrank.report.html").joinpath("assets", name).read_text(encoding="utf-8").strip()
