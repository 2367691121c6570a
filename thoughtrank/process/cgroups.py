"""The control groups of this process, in which a container's limits stand."""

from collections.abc import Iterator
from pathlib import Path


def cgroup_folders(controller: str, *, root: Path = Path("/")) -> Iterator[Path]:
    """Folders of the cgroups of this process, with those around them: of version 2, and of version 1 for a controller.

    Args:
        controller: such as ``cpu`` or ``memory``.
        root: of the file system.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        for mount in (controller, controllers) if controllers else ("", "unified"):
            top = root / "sys/fs/cgroup" / mount
            # In a container, the path may be that outside of it, which is not mounted.
            inner = top / path.strip("/")
            yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(top))
