"""How many branches a second the client of completions servers can have written: against a server that answers at once.

``python benchmarks/client.py`` starts the server in a process of its own and sends it branches as a stage of generation does,
each with a thought and an answer. It prints a JSON line per measurement, with the CPU seconds of either side.
``--against FOLDER`` measures another checkout of this project as well, turn by turn, and prints the ratio of the medians.
``--profile`` measures once, and prints in which libraries the client's CPU time goes, as a table for ``client.md``.
"""

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from client_profile import IS_SUPPORTED, ThreadProfiles, markdown

from thoughtrank.engines.openai import OpenAIEngine
from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.models.tiny import TinyModel

_SERVER = Path(__file__).with_name("instant_completions.py")
_QUESTION = (
    "A shop sells pencils in boxes of {}. Anna buys seven boxes and gives a third of the pencils to her brother, who loses "
    "five of them on the way to school. How many pencils does each of the two have left in the evening? Show every step."
)
_PREFIXES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_FIELDS = {"return_token_ids": True, "skip_special_tokens": False, "spaces_between_special_tokens": False}


@contextlib.contextmanager
def instant_server(*, thought: list[int], answer: list[int]) -> Iterator[str]:
    """The URL of a server that runs until the end of the block."""
    command = [sys.executable, str(_SERVER), json.dumps(thought), json.dumps(answer)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def requests(questions: int) -> list[GenerationRequest]:
    """Prompts with 62 branches each."""
    branches = tuple(Branch(opener=f"<thought>{each}", in_thought=True, ends_at_tag=True) for each in _PREFIXES)
    return [GenerationRequest(prompt=_QUESTION.format(number), branches=branches) for number in range(questions)]


def measure(
    folder: Path, *, questions: int, concurrency: int, tokens: int, profiles: ThreadProfiles | None
) -> dict[str, float]:
    """Generate all branches in one group, after one that is not measured, and return the figures.

    Args:
        folder: of the model.
        questions: of 62 branches each.
        concurrency: branches in flight.
        tokens: of a thought, and of an answer.
        profiles: entered while the branches are generated; None measures without a profile.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = " and then he counts the pencils" * tokens
    answer = tokenizer(text, add_special_tokens=False)["input_ids"][:tokens]
    thought = [*answer, *tokenizer("</thought>", add_special_tokens=False)["input_ids"]]
    limits = Limits(thought_tokens=2 * tokens, answer_tokens=2 * tokens, min_answer_tokens=1)
    with instant_server(thought=thought, answer=answer) as url, tempfile.TemporaryDirectory() as work:
        engine = OpenAIEngine(
            base_urls=[f"{url}/v1"],
            model="instant",
            prompts="tokens",
            fields=_FIELDS,
            token_ends=True,
            concurrency=concurrency,
        )
        with engine.open(folder, work_folder=Path(work)) as session:
            session.generate(requests(1 + concurrency // len(_PREFIXES)), limits=limits)
            client, server, started = _cpu_seconds(), _server_cpu_seconds(url), time.perf_counter()
            with profiles or contextlib.nullcontext():
                session.generate(requests(questions), limits=limits)
            seconds = time.perf_counter() - started
            return {
                "branches_per_second": round(len(_PREFIXES) * questions / seconds, 1),
                "seconds": round(seconds, 2),
                "client_cpu_seconds": round(_cpu_seconds() - client, 2),
                "server_cpu_seconds": round(_server_cpu_seconds(url) - server, 2),
            }


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _server_cpu_seconds(url: str) -> float:
    with urllib.request.urlopen(f"{url}/cpu", timeout=10) as reply:
        return float(reply.read())


def _measured_apart(checkout: Path, settings: dict[str, int], *, folder: Path) -> dict[str, float]:
    """One measurement of a checkout, in a process of its own."""
    options = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, __file__, "--once", "--model", str(folder), *options]
    environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def compare(checkouts: dict[str, Path], settings: dict[str, int], *, folder: Path, repeats: int) -> None:
    """Measure every checkout in turn, as often as that, and print every measurement and the ratio of the medians."""
    rates: dict[str, list[float]] = {name: [] for name in checkouts}
    for _ in range(repeats):
        for name, checkout in checkouts.items():
            figures = _measured_apart(checkout, settings, folder=folder)
            rates[name].append(figures["branches_per_second"])
            print(json.dumps({"version": name, **settings, **figures}), flush=True)
    medians = {name: statistics.median(each) for name, each in rates.items()}
    ratio = {"ratio": round(medians["this"] / medians["other"], 2)} if "other" in medians else {}
    print(json.dumps({"medians": medians, **ratio}))


def print_profile(folder: Path, settings: dict[str, int]) -> None:
    """Measure once under the profile, which makes everything slower, and print the table after the figures."""
    profiles = ThreadProfiles()
    print(json.dumps({**settings, "profiled": True, **measure(folder, **settings, profiles=profiles)}), flush=True)
    print(markdown(profiles.libraries(), branches=len(_PREFIXES) * settings["questions"]))


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=64, help="questions of 62 branches")
    parser.add_argument("--concurrency", type=int, default=1024, help="branches in flight")
    parser.add_argument("--tokens", type=int, default=40, help="tokens of a thought, and of an answer")
    parser.add_argument(
        "--model", type=Path, default=None, help="model folder with the tokenizer; none: a tiny model's"
    )
    parser.add_argument("--against", type=Path, default=None, help="another checkout of this project")
    parser.add_argument("--repeats", type=int, default=3, help="measurements of each checkout")
    parser.add_argument("--profile", action="store_true", help="where the client's CPU time goes (Python 3.11)")
    parser.add_argument("--once", action="store_true", help="one measurement in this process")
    arguments = parser.parse_args()
    if arguments.profile and not IS_SUPPORTED:
        parser.error("--profile: cProfile cannot profile several threads from Python 3.12 on: use Python 3.11")
    settings = {name: getattr(arguments, name) for name in ("questions", "concurrency", "tokens")}
    with tempfile.TemporaryDirectory() as made:
        folder = arguments.model or Path(made)
        if arguments.model is None:
            TinyModel().write(folder)
        if arguments.profile:
            print_profile(folder, settings)
            return
        if arguments.once:
            print(json.dumps(measure(folder, **settings, profiles=None)))
            return
        checkouts = {"this": Path(__file__).parents[1], "other": arguments.against}
        present = {name: checkout for name, checkout in checkouts.items() if checkout is not None}
        compare(present, settings, folder=folder, repeats=arguments.repeats)


if __name__ == "__main__":
    main()
