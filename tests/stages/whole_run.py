"""A whole run in this process, with a computed engine and models that are copied; it can be run again and again."""

from dataclasses import replace

from fake_models import CopyingTraining
from small_run import small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.pipeline import run_pipeline
from thoughtrank.report.loggers import Logger
from thoughtrank.storage.stage_reuse import Store

ROUND = ("generation", "ranking", "selection", "training", "evaluation")
WHOLE = ["round 0 evaluation", *(f"round {number} {stage}" for number in (1, 2) for stage in ROUND), "export"]


class RecordingLogger(Logger):
    """Keeps what it is given."""

    def __init__(self):
        self.events = []

    def start(self, *, run, folder, config, sweep):
        self.events.append(("start", run, sweep))

    def log_round(self, metrics):
        self.events.append(("round", metrics["round"]))

    def log_prefixes(self, round_number, rows):
        self.events.append(("prefixes", round_number, sorted(row["prefix"] for row in rows)))

    def log_training(self, round_number, rows):
        self.events.append(("training", round_number))

    def log_outputs(self, outputs):
        self.events.append(("outputs", {(each.name, each.round_number): list(each.made_from) for each in outputs}))

    def finish(self):
        self.events.append(("finish",))


class Workplace:
    """Runs one run; ``made`` holds the names of the stages that did any work in its last attempt."""

    def __init__(self, folder, *, model_folder):
        self.folder, self.model_folder = folder, model_folder
        self.store = Store(run_folder=folder / "runs" / "mine", cache_folder=folder / "cache")
        self.made = []
        self.logger = RecordingLogger()

    def run(self, **top_level):
        """What ``run_pipeline`` returns; ``made`` holds the names of the stages that did any work."""
        values = small_values(model_folder=self.model_folder, workplace=self.folder, **top_level)
        config = load_config(values)
        components = replace(make_components(config), logger=self.logger)
        self.store.paths.folder.mkdir(parents=True, exist_ok=True)
        self.made.clear()
        self.logger.events.clear()
        return run_pipeline(
            config=config, components=components, store=self.store, nodes=CopyingTraining(), values=values, sweep="s"
        )


def recorded_workplace(folder, *, model_folder, monkeypatch):
    """A workplace that records which stages are made."""
    place = Workplace(folder, model_folder=model_folder)
    complete = Store.complete

    def recorded(self, recipe):
        if not self.artifact(recipe).done and recipe.name != "base model":
            place.made.append(recipe.name)
        return complete(self, recipe)

    monkeypatch.setattr(Store, "complete", recorded)
    return place
