"""Which checkpoint is resumed from, and which is refused."""

import json
import os
import shutil
from types import SimpleNamespace

import pytest

from thoughtrank.errors import UserError
from thoughtrank.finetuning.callbacks.checkpoint import Checkpoints, model_digest
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.instantiate import make_component
from thoughtrank.models.tiny import TinyModel

ZERO = {"_target_": "thoughtrank.finetuning.strategies.DeepSpeedStrategy", "stage": 2}


def checkpoints(work, model, *, world_size=2, strategy=ZERO):
    plain = dict.fromkeys(TrainingJob.__dataclass_fields__)
    return Checkpoints(
        work,
        job=TrainingJob(**{**plain, "model": str(model), "strategy": strategy}),
        strategy=make_component(strategy, where="strategy"),
        world_size=world_size,
    )


class FakeTrainer:
    """A trainer at step 7 whose checkpoint is one file."""

    global_step = 7
    is_global_zero = True
    strategy = SimpleNamespace(barrier=lambda: None)

    def save_checkpoint(self, path):
        path.write_bytes(b"state of the trainer")


def leave(work, origin, step):
    """What a training with that manifest leaves on disk."""
    place = work / "_checkpoint" / f"step-{step}"
    (place / "state").mkdir(parents=True)
    (place / "manifest.json").write_text(json.dumps(origin))


def test_the_newest_complete_one_counts(tiny_folder, tmp_path):
    ours = checkpoints(tmp_path, tiny_folder)
    assert ours.find() is None
    for step in (9, 10, 8):
        leave(tmp_path, ours.manifest, step)
    (tmp_path / "_checkpoint" / "step-11.partial").mkdir()
    found = ours.find()
    assert (found.step, found.state) == (10, tmp_path / "_checkpoint" / "step-10" / "state")


@pytest.mark.parametrize("kept", [0, 5, None])
def test_one_with_a_cut_or_lost_file_does_not_count(tiny_folder, tmp_path, kept):
    ours = checkpoints(tmp_path, tiny_folder)
    trainer = FakeTrainer()
    ours.save(trainer)
    found = ours.find()
    assert found.step == 7
    if kept is None:
        found.state.unlink()
    else:
        found.state.write_bytes(found.state.read_bytes()[:kept])
    assert ours.find() is None


@pytest.mark.parametrize("damaged", ["", '{"world_size": 2', "[]", "{}"])
def test_one_whose_manifest_is_torn_does_not_count(tiny_folder, tmp_path, damaged):
    ours = checkpoints(tmp_path, tiny_folder)
    leave(tmp_path, ours.manifest, 8)
    leave(tmp_path, ours.manifest, 9)
    (tmp_path / "_checkpoint" / "step-9" / "manifest.json").write_text(damaged)
    assert ours.find().step == 8
    (tmp_path / "_checkpoint" / "step-8" / "manifest.json").unlink()
    assert ours.find() is None


def test_a_damaged_one_is_replaced_when_training_comes_to_its_step_again(tiny_folder, tmp_path):
    ours = checkpoints(tmp_path, tiny_folder)
    ours.save(FakeTrainer())
    (tmp_path / "_checkpoint" / "step-7" / "manifest.json").write_text("")
    assert ours.find() is None
    ours.save(FakeTrainer())
    assert ours.find().step == 7
    assert [path.name for path in (tmp_path / "_checkpoint").iterdir()] == ["step-7"]


@pytest.mark.parametrize(
    ("other", "clue"),
    [
        ({"world_size": 4}, "made by 4 training processes and cannot be resumed with 2"),
        ({"strategy": {**ZERO, "stage": 3}}, "another strategy"),
    ],
)
def test_one_of_another_training_is_refused(other, clue, tiny_folder, tmp_path):
    leave(tmp_path, checkpoints(tmp_path, tiny_folder, **other).manifest, 7)
    with pytest.raises(UserError) as caught:
        checkpoints(tmp_path, tiny_folder).find()
    assert clue in str(caught.value)
    assert str(tmp_path / "_checkpoint") in str(caught.value)
    assert (tmp_path / "_checkpoint" / "step-7").exists(), "a refused checkpoint is kept"


def test_one_of_the_first_attempt_with_an_automatic_device_is_resumed_with_that_device_named(tiny_folder, tmp_path):
    auto = {"_target_": "thoughtrank.finetuning.strategies.AutoStrategy", "accelerator": "auto"}
    first = checkpoints(tmp_path, tiny_folder, world_size=1, strategy=auto)
    leave(tmp_path, first.manifest, 7)
    named = {**auto, "accelerator": first.manifest["strategy"]["accelerator"]}
    assert named != auto
    found = checkpoints(tmp_path, tiny_folder, world_size=1, strategy=named).find()
    assert found.step == 7


def test_one_of_another_model_is_refused_and_one_of_a_copy_is_not(tiny_folder, tmp_path):
    TinyModel(seed=5).write(tmp_path / "other")
    shutil.copytree(tiny_folder, tmp_path / "copy")
    assert model_digest(tmp_path / "copy") == model_digest(tiny_folder)
    leave(tmp_path, checkpoints(tmp_path, tmp_path / "copy").manifest, 7)
    assert checkpoints(tmp_path, tiny_folder).find().step == 7
    with pytest.raises(UserError, match="another model"):
        checkpoints(tmp_path, tmp_path / "other").find()


def test_one_with_files_of_several_ranks_is_refused_unless_it_is_the_users_own(tiny_folder, tmp_path, monkeypatch):
    ours = checkpoints(tmp_path, tiny_folder)
    leave(tmp_path, ours.manifest, 7)
    part = tmp_path / "_checkpoint" / "step-7" / "state" / "rank_0"
    part.touch()
    assert ours.find().step == 7
    part.chmod(0o666)
    with pytest.raises(UserError, match="could run code when it is loaded, and rank_0 in it"):
        ours.find()
    part.chmod(0o600)
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: part.stat().st_uid + 1)
        with pytest.raises(UserError, match="belongs to another user"):
            ours.find()
    part.unlink()
    part.symlink_to(tiny_folder / "config.json")
    with pytest.raises(UserError, match="is a link"):
        ours.find()
