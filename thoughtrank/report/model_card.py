"""Fills in ``model_card.md``: what a released model is, how to use it, what was measured, where it should not be used."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from string import Template
from typing import Any

import yaml

from thoughtrank.models.protocol import ModelFacts
from thoughtrank.output.printable import markdown_text, printable
from thoughtrank.records import Turn
from thoughtrank.report.card_arms import interval_text, thought_paragraphs
from thoughtrank.report.card_provenance import Provenance
from thoughtrank.report.results_table import family_line
from thoughtrank.report.text_layout import percent
from thoughtrank.report.win_rate_text import win_rate_lines

_REPLY_FORM = (
    "The reply is `<thought>…</thought>` followed by the answer. The tags are plain text that the model writes itself; the "
    "chat template adds none.\n\n"
)


def model_card(
    *,
    name: str,
    base: ModelFacts,
    rounds: Sequence[Mapping[str, Any]],
    thought_effect: Mapping[str, Any] | None,
    controls: Mapping[str, Mapping[str, Any]],
    provenance: Provenance,
    reply_tokens: int,
    judge: str,
    question: str,
    context: Sequence[Turn] = (),
    folder: str,
) -> str:
    """The text of README.md in the released folder.

    Args:
        name: the model's title.
        base: the model of round 0.
        rounds: entries of ``summary.json``.
        thought_effect, controls: the entries of ``summary.json``.
        provenance: which round is released, and what it was trained on.
        reply_tokens: limit of a reply, for the example.
        judge: who ranked.
        question: one to show in the example.
        context: the turns before it.
        folder: where the reader loads the model from.
    """
    metadata = {
        "license": _one_line(base.license),
        "base_model": _one_line(base.name),
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["thoughtrank", "reasoning"],
    }
    model = markdown_text(base.name + (f" (from {base.quantization})" if base.quantization else ""))
    template = Template(files("thoughtrank.report").joinpath("model_card.md").read_text(encoding="utf-8"))
    return template.substitute(
        metadata=yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True, width=sys.maxsize),
        name=markdown_text(name),
        base=model,
        license=markdown_text(base.license),
        introduction=provenance.introduction(base=model, judge=markdown_text(judge)),
        reply_form=_REPLY_FORM if provenance.examples else "",
        authors=provenance.authors(),
        folder=folder,
        messages=json.dumps([asdict(each) for each in (*context, Turn("user", question))]),
        reply_tokens=reply_tokens,
        thought=thought_paragraphs(rounds, effect=thought_effect, controls=controls),
        rows="\n".join(_row(each) for each in rounds),
        families="" if (line := family_line(rounds)) is None else f"{line[0].upper()}{line[1:]}.\n\n",
        win_rates="".join(
            f"{line}\n\n" for line in win_rate_lines(rounds, controls=controls, judge=markdown_text(judge))
        ),
    )


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def _row(each: Mapping[str, Any]) -> str:
    def bounded(name: str, bounds: str) -> str:
        return interval_text(each, value=name, low=f"{bounds}_low", high=f"{bounds}_high")

    cells = [
        str(each["round"]),
        str(each["n"]),
        bounded("accuracy", "accuracy"),
        bounded("direct_accuracy", "direct"),
        bounded("unseen_accuracy", "unseen"),
        percent(each["thought_rate"]),
    ]
    return f"| {' | '.join(cells)} |"
