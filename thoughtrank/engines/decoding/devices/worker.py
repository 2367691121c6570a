"""The process of one device: decodes one group after the other, and ends when the process that started it does.

Its only argument is the number of an open socket, over which both sides send pickled records.
"""

import os
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any

from thoughtrank.engines.decoding.devices.records import Done, Failed, Job, Settings, Step
from thoughtrank.engines.protocol import EngineSession
from thoughtrank.errors import UserError


def serve(connection: "Connection[Any, Any]", session: EngineSession) -> None:
    """Do jobs until the other side is gone."""
    while True:
        try:
            job: Job = connection.recv()
        except EOFError:
            return

        def on_step(tokens: int, finished: int) -> None:
            connection.send(Step(tokens, finished))

        try:
            if job.limits is None:
                results: list[Any] = session.score(job.requests, on_step=on_step)  # type: ignore[arg-type]
            else:
                results = session.generate(job.requests, limits=job.limits, on_step=on_step)  # type: ignore[arg-type]
        except Exception as error:
            connection.send(failure(error))
        else:
            connection.send(Done(results, session.facts()))


def failure(error: Exception) -> Failed:
    """An error as it is sent."""
    if isinstance(error, UserError):
        return Failed("user", error.faults)
    return Failed("bug", (traceback.format_exc(),))


def main() -> None:
    """Open the session, and serve."""
    from thoughtrank.engines.decoding.session import TransformersSession

    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    settings: Settings = connection.recv()
    try:
        session = TransformersSession(**settings._asdict())
    except Exception as error:
        connection.send(failure(error))
        return
    try:
        with session:
            connection.send(Done([], session.facts()))
            serve(connection, session)
    except (BrokenPipeError, ConnectionResetError):
        os._exit(0)  # The other side was killed.


if __name__ == "__main__":
    main()
