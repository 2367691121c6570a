"""Ranks, selects, summarises and exports one large round here, and prints the peak of memory in MB after each step.

Usage: python large_run.py FOLDER QUESTIONS JUDGE, where JUDGE is ``reference``, or ``reading``: an inexact judge with a log of
its calls, which the audit repeats in part.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from thoughtrank.cli import CONFIG_FOLDER
from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.data.export_examples import export_data
from thoughtrank.judging.execution.run_spending import RunSpending
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.models.tiny import TinyModel
from thoughtrank.rankers.listwise_groups import ListwiseGroups
from thoughtrank.records import Candidate, Question
from thoughtrank.report.summary import round_tally
from thoughtrank.stages.ranking import Ranking
from thoughtrank.stages.selection import Selection
from thoughtrank.stages.stage import Stage
from thoughtrank.storage.stage_reuse import Store
from thoughtrank.storage.tables import part_path, write_rows

CANDIDATES = 62
QUESTIONS_PER_PART = 50


@dataclass(frozen=True, kw_only=True)
class MadeUp(Stage):
    """A table of candidates of the usual lengths, of which a third is right."""

    kind: ClassVar[str] = "candidates"
    questions: Sequence[Question]

    def inputs(self):
        return {"questions": len(self.questions)}

    def make(self, artifact):
        for number, start in enumerate(range(0, len(self.questions), QUESTIONS_PER_PART)):
            part = self.questions[start : start + QUESTIONS_PER_PART]
            write_rows(part_path(artifact.folder, number), _candidates(part), record_type=Candidate)
        artifact.finish(candidates=len(self.questions) * CANDIDATES)


class ReadingJudge(FakeJudge):
    """Its verdicts have a prompt and an order in which the answers were shown, as those of a model have."""

    exact = False
    audit_share = 0.02
    concurrency = 2

    def judge(self, request):
        prompt = "\n".join(answer.text for answer in request.answers)
        shown = tuple(answer.answer_id for answer in request.answers)
        return replace(super().judge(request), prompt=f"{request.question}\n{prompt}", shown=shown)


def _candidates(questions: Sequence[Question]) -> Iterator[Candidate]:
    for question in questions:
        for index in range(CANDIDATES):
            answer = question.answer if index % 3 == 0 else str(index)
            yield Candidate(
                question_id=question.question_id,
                candidate_id=f"{question.question_id}-{index:03d}",
                prefix=f"p{index}",
                thought=f"{index} thought of {question.question_id}, " + "step by step, " * 25,
                answer=f"{'So we add them up. ' * (5 + index % 7)}The answer is {answer}.",
                thought_tokens=90,
                answer_tokens=40,
                thought_finish="stop",
                answer_finish="stop",
                thought_ids=tuple(range(90)),
                answer_ids=tuple(range(40)),
            )


def _peak() -> int:
    """Largest resident size of this process so far, in MB."""
    [line] = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def main(folder: Path, number: int, judge: str) -> None:
    store = Store(run_folder=folder / "run", cache_folder=folder / "cache")
    store.paths.folder.mkdir(parents=True)
    rows = [
        {"question": f"Tom has {each} apples and gets 7 more. How many?", "answer": each + 7}
        for each in range(number + 1)
    ]
    (folder / "questions.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    overrides = ["model=tiny", "questions=file", f"questions.path={folder / 'questions.jsonl'}", "questions.held_out=1"]
    overrides += [f"questions.train_per_round={number}", "rounds=1", f"cache_dir={folder / 'cache'}", "logger=none"]
    with initialize_config_dir(config_dir=str(CONFIG_FOLDER), version_base="1.3"):
        values = OmegaConf.to_container(compose("config", overrides=overrides), resolve=True)
    store.paths.config.write_text(yaml.safe_dump(values))
    components = make_components(load_config(values))
    TinyModel().write(store.paths.export)
    questions = components.questions.train(1)
    paths, peaks = store.paths, {"begin": _peak()}
    made = store.complete(MadeUp(name="made up", published=paths.candidates(1), questions=questions))
    common = {"questions": questions, "candidates": made}
    ranking = Ranking(
        name="ranking",
        published=paths.rankings(1),
        judge=ReadingJudge() if judge == "reading" else components.judge,
        ranker=ListwiseGroups(group_size=5, looks=1) if judge == "reading" else components.ranker,
        spending=RunSpending(limit=None, store=store),
        model_family=None,
        seed=0,
        **common,
    )
    ranked = store.complete(ranking)
    peaks["ranking"] = _peak()
    model = SimpleNamespace(key="tiny", folder=lambda: paths.export)
    selection = Selection(
        name="selection",
        published=paths.examples(1),
        rankings=ranked,
        selector=components.selection,
        model=model,
        **common,
    )
    examples = store.complete(selection).facts["examples"]
    peaks["selection"] = _peak()
    prefixes = round_tally({"generation": made, "ranking": ranked}).results()
    peaks["summary"] = _peak()
    report = export_data(run_folder=paths.folder)
    peaks["export"] = _peak()
    print(
        json.dumps({"peaks": peaks, "examples": examples, "prefixes": len(prefixes), "rows": sum(report.rows.values())})
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
