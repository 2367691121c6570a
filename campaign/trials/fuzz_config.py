"""Random overrides of the config: every command ends with exit status 0 or 2, and without a traceback."""

import os
from functools import cache, partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from omegaconf import OmegaConf

from campaign.comparing import lines_of_tracebacks
from campaign.fuzzing import try_examples
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.paths import ROOT
from campaign.place import Attempt, Ended, last_line

EXAMPLES = 120
_TIMEOUT = 60.0
_SAFE = {"HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "", "WANDB_MODE": "disabled"}
_NUMBERS = [
    "0",
    "1",
    "-1",
    "3",
    "0.5",
    "-0.0",
    "1e-9",
    "1e308",
    "1e999",
    "nan",
    "inf",
    "-inf",
    "9" * 30,
    "-" + "9" * 400,
]
_WORDS = [
    "null",
    "true",
    "false",
    "''",
    "[]",
    "{}",
    "[1,2]",
    "[[]]",
    "{a: 1}",
    "???",
    "auto",
    "no-such-thing",
    "0x10",
    "1_000",
    "'http://[bad'",
    "'http://u:canary@h/v1?key=canary'",
    "[http://localhost:1/v1,'http://[bad']",
    "/dev/null/x",
    "..",
]
_REFERENCES = ["${seed}", "${no.such.key}", "${oc.env:HOME}", "${oc.env:NO_SUCH_VARIABLE_HERE}", "${judge}", "${"]


_JUDGED = ["judge=openai", "judge.model=m", "judge.base_url=http://localhost:1/v1", "judge.api_key_env=null"]
_SERVED = ["engine=openai", "engine.base_urls=[http://localhost:1/v1]", "logger=csv"]
_OTHERS = ["prefixes=sampled", "optimizer=muon", "strategy=ddp", "ranker=listwise", "judge=reference", "logger=wandb"]
_BASES = [["judge=fake", "logger=none"], ["logger=none", *_JUDGED], ["judge=fake", *_SERVED], _OTHERS]
"""What random overrides are added to, so that the keys of many components are tried."""


@cache
def _composed(base: int) -> dict[str, Any]:
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(config_dir=str(ROOT / "conf"), version_base="1.3"):
        values = OmegaConf.to_container(compose("config", overrides=["model=tiny", *_BASES[base]]))
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


@cache
def _keys(base: int) -> list[str]:
    """Every key that can be set, but for the folders, the name of the run, and what would show no plan."""
    keys = []
    for name, value in _composed(base).items():
        keys += [f"{name}.{inner}" for inner in value] if isinstance(value, dict) else [name]
    return [key for key in keys if key not in ("dry_run", "runs_dir", "cache_dir")]


@cache
def _choices() -> list[str]:
    return [f"{path.parent.name}={path.stem}" for path in sorted((ROOT / "conf").glob("*/*.yaml"))]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _values() -> st.SearchStrategy[str]:
    texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30)
    numbers = st.integers().map(str) | st.floats().map(str)
    return st.one_of(st.sampled_from([*_NUMBERS, *_WORDS, *_REFERENCES]), numbers, texts.map(_quoted), texts)


def _overrides(base: int) -> st.SearchStrategy[list[str]]:
    keys = st.sampled_from(_keys(base))
    setting = st.builds("{}{}={}".format, st.sampled_from(["", "", "", "", "+", "++"]), keys, _values())
    removal = keys.map("~{}".format)
    unknown = st.builds("{}={}".format, st.from_regex(r"[a-z_]{1,12}(\.[a-z_]{1,12})?", fullmatch=True), _values())
    one = st.one_of(setting, setting, setting, st.sampled_from(_choices()), removal, unknown)
    return st.lists(one, min_size=1, max_size=4).map(lambda overrides: [*_BASES[base], *overrides])


def _command_line(overrides: list[str], folder: Path) -> Ended:
    """A dry run with these overrides."""
    usual = ["train.py", "dry_run=true", "model=tiny"]
    environment = {**os.environ, **_SAFE}
    ended = Attempt(["python", *usual, *overrides], folder=folder, outputs=folder, environment=environment).wait(
        _TIMEOUT
    )
    for path in folder.glob("output-*.txt"):
        path.unlink()
    return ended


def _check(overrides: list[str], *, folder: Path, outcome: Outcome) -> None:
    status, output = _command_line(overrides, folder)
    outcome.note(f"exit status {status}")
    outcome.tracebacks += [f"{each} with {overrides}"[:400] for each in lines_of_tracebacks(output)]
    assert status in (0, 2), f"exit status {status}: {last_line(output)}"
    assert "canary" not in output, "a secret was shown"
    left = [path.name for path in folder.iterdir()]
    assert not left, f"a dry run made {left}"


def _run(trial: TrialInput) -> Outcome:
    outcome = Outcome()
    check = partial(_check, folder=trial.folder, outcome=outcome)
    number = trial.random("config").randrange(1 << 30)
    examples = st.sampled_from(range(len(_BASES))).flatmap(_overrides)
    try_examples(examples, check, count=EXAMPLES, number=number, outcome=outcome)
    return outcome


KIND = Kind("fuzz_config", "Random overrides of the config", 1, _run, compares=False)
