"""A run folder as the stages leave it, made without a model at work."""

import json
import shutil
from types import SimpleNamespace

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from thoughtrank.cli import CONFIG_FOLDER
from thoughtrank.instantiate import make_component
from thoughtrank.records import Candidate, RankedCandidate
from thoughtrank.selection.top_k import TopK
from thoughtrank.stages.selection import Selection
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.stage_reuse import Store
from thoughtrank.storage.tables import write_part


def ranks_of(candidates):
    """By answer: "1" is best, equals share a rank, "?" is unranked."""
    return {each.candidate_id: int(each.answer[-1]) if each.answer[-1].isdigit() else None for each in candidates}


class MadeRun:
    """A run whose answers say their own rank.

    Args:
        folder: of the run.
        texts: of its questions; or rows of a question file.
        model_folder: its tokenizer is the run's.
    """

    def __init__(self, folder, *, texts, model_folder):
        self.folder = folder
        self.store = Store(run_folder=folder, cache_folder=folder.parent / "cache")
        question_file = folder.parent / "questions.jsonl"
        rows = [text if isinstance(text, dict) else {"question": text} for text in ["Held out?", *texts]]
        question_file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        overrides = ["model=tiny", "questions=file", f"questions.path={question_file}", "questions.held_out=1"]
        overrides += [f"questions.train_per_round={len(texts)}", "rounds=1", f"cache_dir={self.store.cache_folder}"]
        with initialize_config_dir(config_dir=str(CONFIG_FOLDER), version_base="1.3"):
            values = OmegaConf.to_container(compose("config", overrides=overrides), resolve=True)
        self.questions = make_component(values["questions"], where="questions").train(1)
        folder.mkdir()
        self.store.paths.config.write_text(yaml.safe_dump(values))
        self.model_folder = model_folder

    def add_round(self, questions, answers, *, thought="so {answer}", finish="stop", selector=None):
        """Write the tables of round 1: every question gets all ``answers``."""
        candidates = [
            Candidate(
                question_id=question.question_id,
                candidate_id=f"{question.question_id}-{place:03d}",
                prefix=f"p{place}",
                thought=thought.format(answer=answer),
                answer=answer,
                thought_tokens=2,
                answer_tokens=1,
                thought_finish="stop",
                answer_finish=finish,
            )
            for question in questions
            for place, answer in enumerate(answers)
        ]
        ranks = ranks_of(candidates)
        ranking = [
            RankedCandidate(
                question_id=each.question_id,
                candidate_id=each.candidate_id,
                prefix=each.prefix,
                rank=ranks[each.candidate_id],
                reason=None if ranks[each.candidate_id] else "refused",
            )
            for each in candidates
        ]
        paths = self.store.paths
        tables = [(paths.candidates(1), candidates, Candidate), (paths.rankings(1), ranking, RankedCandidate)]
        for folder, rows, record_type in tables:
            folder.mkdir(parents=True)
            write_part(folder / "part-00000.parquet", rows, record_type=record_type)
        selection = Selection(
            name="round 1 selection",
            published=paths.examples(1),
            questions=questions,
            candidates=Artifact(folder=paths.candidates(1), published=paths.candidates(1), key="candidates"),
            rankings=Artifact(folder=paths.rankings(1), published=paths.rankings(1), key="rankings"),
            selector=selector or TopK(k=2, allow_truncated=True),
            model=SimpleNamespace(key="tiny", folder=lambda: self.model_folder),
        )
        self.store.complete(selection)
        shutil.copytree(self.model_folder, paths.model(1), ignore=shutil.ignore_patterns("*.safetensors"))
        return self


@pytest.fixture
def made_run(tmp_path, tiny_folder):
    def make(texts, model_folder=tiny_folder):
        return MadeRun(tmp_path / "run", texts=texts, model_folder=model_folder)

    return make
