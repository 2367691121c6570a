"""Where the client's CPU time goes, for ``client.py --profile``: cProfile in every thread, summed by library.

A thread's CPU time is measured, so that waiting for a socket, a lock or another thread is not in it. Later Pythons than 3.11
admit only one profile at a time.
"""

import cProfile
import pstats
import re
import sys
import sysconfig
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

IS_SUPPORTED = sys.version_info < (3, 12)
_BUILT_IN = re.compile(r"<built-in method ([\w.]+)\.|<method '\w+' of '([\w.]+)\.\w+' objects>")
_NAME = re.compile(r"<built-in method (?:[\w.]+\.)?(\w+)|<method '(\w+)'")
_LIBRARIES = 10
_FUNCTIONS = 2


@dataclass(frozen=True, slots=True)
class LibraryTime:
    """CPU seconds in the functions of a library, without what they call in others.

    Attributes:
        library: its name.
        seconds: of all of its functions.
        functions: name to seconds.
    """

    library: str
    seconds: float
    functions: dict[str, float]


class ThreadProfiles:
    """A context: the thread that enters it, and all threads that are started in it, are profiled until they end."""

    def __init__(self) -> None:
        self._profiles: list[cProfile.Profile] = []

    def __enter__(self) -> "ThreadProfiles":
        threading.setprofile(self._begin)
        self._add().enable()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._profiles[0].disable()
        threading.setprofile(None)

    def _begin(self, frame: FrameType, event: str, argument: object) -> None:
        """The first event of a thread; the profile takes the place of this function."""
        self._add().enable()

    def _add(self) -> cProfile.Profile:
        profile = cProfile.Profile(time.thread_time)
        self._profiles.append(profile)
        return profile

    def libraries(self) -> list[LibraryTime]:
        """All libraries, from the one that takes most time to the one that takes least."""
        functions: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        stats = pstats.Stats(*self._profiles)
        for (file, _, name), (_, _, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]
            functions[library_of(file, name)][short_name(name)] += own
        found = [LibraryTime(library, sum(each.values()), dict(each)) for library, each in functions.items()]
        return sorted(found, key=lambda each: -each.seconds)


def library_of(file: str, name: str) -> str:
    """The library of a function, by the file and the name that a profile states; a C module counts as its Python module."""
    if file == "~":
        found = _BUILT_IN.match(name)
        module = (found[1] or found[2]) if found else "builtins"
        return module.split(".")[0].lstrip("_")
    paths = sysconfig.get_paths()
    # An environment may lie in the folder of the project, and its packages in that of the standard library.
    for root in (paths["purelib"], paths["platlib"], paths["stdlib"], str(Path(__file__).parents[1])):
        if Path(file).is_relative_to(root):
            return Path(file).relative_to(root).parts[0].removesuffix(".py")
    return file.strip("<>").split(" ")[0]


def short_name(name: str) -> str:
    """Of a function, without its module."""
    found = _NAME.match(name)
    return (found[1] or found[2]) if found else name


def markdown(libraries: Iterable[LibraryTime], *, branches: int) -> str:
    """A table of the libraries that take most time, and of their functions that do."""
    libraries = list(libraries)
    total = sum(each.seconds for each in libraries)

    def share(seconds: float) -> str:
        return f"{100 * seconds / total:.1f} %"

    lines = ["| library | CPU, ms per branch | of all | most of it in |", "|---|---|---|---|"]
    for each in libraries[:_LIBRARIES]:
        largest = sorted(each.functions.items(), key=lambda item: -item[1])[:_FUNCTIONS]
        names = ", ".join(f"`{name}` {share(seconds)}" for name, seconds in largest)
        lines.append(f"| {each.library} | {1000 * each.seconds / branches:.3f} | {share(each.seconds)} | {names} |")
    lines.append(f"| all | {1000 * total / branches:.3f} | | |")
    return "\n".join(lines)
