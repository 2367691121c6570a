"""The server that an engine keeps for its next session: a round's evaluation and the next round's generation have one model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from thoughtrank.engines.serving.server_process import ServerProcess

_Weights = tuple[str, tuple[tuple[str, int, int, int], ...]]


@dataclass(frozen=True, slots=True)
class _Held:
    weights: _Weights
    server: ServerProcess


class HeldServer:
    """At most one server at a time. It is ended before another one starts, and when it is released."""

    def __init__(self) -> None:
        self._held: _Held | None = None

    def serving(self, model_folder: Path, *, start: Callable[[], ServerProcess]) -> ServerProcess:
        """The server that is kept, if it still runs and serves these weights; else a new one.

        Args:
            model_folder: in Hugging Face format.
            start: starts a server of this folder.

        Raises:
            UserError: the new one does not start.
        """
        weights = _weights(model_folder)
        if self._held is not None and self._held.weights == weights and self._held.server.is_ready():
            return self._held.server
        self.release()
        self._held = _Held(weights, start())
        return self._held.server

    def release(self) -> None:
        """End the server, if there is one."""
        if self._held is not None:
            held, self._held = self._held, None
            held.server.close()


def _weights(model_folder: Path) -> _Weights:
    """The folder, and its files of weights as they were when a server read them."""
    folder = model_folder.resolve()
    files = [(path.name, path.stat()) for path in sorted(folder.glob("*.safetensors"))]
    return str(folder), tuple((name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in files)
