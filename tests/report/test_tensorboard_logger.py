"""What the TensorBoard logger leaves behind: its event file is read back."""

from stored_runs import stored_run

from thoughtrank.report.html.round_candidates import reported_questions
from thoughtrank.report.tensorboard_logger import FOLDER, TensorBoardLogger
from thoughtrank.storage.run_paths import RunPaths

CURVE = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5}]


def tell(folder, *, tables):
    """Two rounds, as the pipeline tells them."""
    logger = TensorBoardLogger()
    assert logger.faults() == []
    logger.start(run="mine", folder=folder, config={}, sweep=None)
    for number, accuracy in ((1, 0.5), (2, 0.75)):
        logger.log_round({"round": number, "accuracy": accuracy, "thought_rate": None})
        logger.log_candidates(number, reported_questions(tables, number, selection={}))
        logger.log_training(number, CURVE)
    logger.log_findings({"thought_effect_points": 7.5, "control_accuracy": None})
    logger.finish()


def test_every_figure_is_read_back_once_also_after_a_second_attempt(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tables = RunPaths(stored_run(tmp_path / "run"))
    for _ in range(2):
        tell(tmp_path, tables=tables)
    events = EventAccumulator(str(tmp_path / FOLDER), size_guidance={"histograms": 0})
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"round/accuracy", "training/loss", "findings/thought_effect_points"}
    assert [(each.step, each.value) for each in events.Scalars("round/accuracy")] == [(1, 0.5), (2, 0.75)]
    assert [(each.step, each.value) for each in events.Scalars("training/loss")] == [
        (1, 2.0),
        (2, 1.5),
        (3, 2.0),
        (4, 1.5),
    ]
    assert [each.histogram_value.num for each in events.Histograms("round/thought_lengths")] == [12, 12]


def test_a_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert TensorBoardLogger().faults() == ["logger=tensorboard needs the package tensorboard: pip install tensorboard"]
