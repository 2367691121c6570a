"""What is damaged in the folder of a finished run."""

from pathlib import Path

from thoughtrank.storage.done_marker import DONE, read_done
from thoughtrank.storage.json_files import read_json_object
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.weight_files import is_whole

_JSON = ("round_*/**/5_evaluation.json", "export/config.json")


def damaged_files(paths: RunPaths) -> list[str]:
    """Files of a finished run that are torn, cannot be read, or have lost rows, by their path in the run folder.

    Of files, only what can be detected without reading all of them. What was deleted as a whole folder is not listed: the user
    may have wanted the space.
    """
    folder = paths.folder
    found = [path for pattern in _JSON for path in folder.glob(pattern) if read_json_object(path) is None]
    for marker in folder.rglob(DONE):
        done = read_done(marker.parent)
        found += [marker] if done is None else [marker.parent / name for name in done.damaged_parts(marker.parent)]
    found += [path for path in folder.rglob("*.safetensors") if not is_whole(path)]
    return sorted({_name(path, folder) for path in found})


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
