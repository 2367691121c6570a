"""Any server with an OpenAI-compatible completions endpoint (the config choice ``engine=openai``)."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

from thoughtrank.engines.bounds import bound_faults
from thoughtrank.engines.engine_component import EngineComponent
from thoughtrank.engines.serving.completions_client import CompletionsClient, shown_url
from thoughtrank.engines.serving.served_session import ServedSession
from thoughtrank.errors import UserError

REPLIES = "_replies.jsonl"
"""The log of an unfinished stage, in its folder."""


class OpenAIEngine(EngineComponent):
    """Thought and answer as two greedy completions with stop strings.

    The servers decide which weights answer. After a round of training they have to serve the new model: ``load_command``
    sees to that, or somebody does by hand.

    Args:
        base_urls: endpoints that serve the same model; work is spread over them.
        model: its name there; null takes the only one that is served.
        api_key_env: the environment variable with the key; null for servers without keys.
        load_command: run with the model's folder as its last argument whenever a model has to be served; ends with 0
            once it is. Null for none.
        prompts: ``text``, or ``tokens`` for servers that take token ids (vLLM, SGLang, llama.cpp): the model then goes on
            exactly from what it wrote.
        fields: more fields of every request.
        concurrency: branches written at once, over all servers.
        timeout_seconds: limit of one attempt.
        max_retries: attempts after the first.
        questions_per_group: questions asked together; the unit of saving.
        replies_per_group: the same for evaluation, in replies.
        probe_candidates: candidates of a stage that are asked for once more, in another batch, to see whether they change.
    """

    operational = frozenset(
        {
            "base_urls",
            "api_key_env",
            "load_command",
            "concurrency",
            "timeout_seconds",
            "max_retries",
            "probe_candidates",
        }
    )

    def __init__(
        self,
        *,
        base_urls: list[str],
        model: str | None = None,
        api_key_env: str | None = None,
        load_command: list[str] | None = None,
        prompts: Literal["text", "tokens"] = "text",
        fields: dict[str, Any] | None = None,
        concurrency: int = 16,
        timeout_seconds: float = 600.0,
        max_retries: int = 8,
        questions_per_group: int = 8,
        replies_per_group: int = 512,
        probe_candidates: int = 0,
    ) -> None:
        self.base_urls = base_urls
        self.model = model
        self.api_key_env = api_key_env
        self.load_command = load_command
        self.prompts = prompts
        self.fields = fields or {}
        self.concurrency = concurrency
        self.timeout_seconds = timeout_seconds
        self.max_retries = max_retries
        self.questions_per_group = questions_per_group
        self.replies_per_group = replies_per_group
        self.probe_candidates = probe_candidates

    def faults(self) -> list[str]:
        """See ``Engine``."""
        faults = []
        if not self.base_urls:
            faults.append(
                "engine.base_urls is empty: give at least one, such as engine.base_urls=[http://localhost:8000/v1]"
            )
        for url in self.base_urls:
            if not url.startswith(("http://", "https://")):
                faults.append(f"engine.base_urls: {url!r} is no address: it starts with http:// or https://")
        if self.api_key_env is not None and not os.environ.get(self.api_key_env, "").strip():
            faults.append(f"the completions server needs {self.api_key_env}: export it, or set engine.api_key_env=null")
        faults += bound_faults(
            at_least_one={
                "concurrency": self.concurrency,
                "questions_per_group": self.questions_per_group,
                "replies_per_group": self.replies_per_group,
            },
            at_least_zero={"max_retries": self.max_retries, "probe_candidates": self.probe_candidates},
            above_zero={"timeout_seconds": self.timeout_seconds},
        )
        return faults

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> ServedSession:
        """See ``Engine``.

        Raises:
            UserError: a server cannot be reached, or serves another model.
        """
        if self.load_command:
            _load(self.load_command, model_folder)
        name, served = self._served(model_folder)
        client = CompletionsClient(
            model=name,
            base_urls=self.base_urls,
            api_key_env=self.api_key_env,
            timeout_seconds=self.timeout_seconds,
            max_retries=self.max_retries,
        )
        facts: dict[str, object] = {
            "engine": "openai",
            "model": name,
            "weights": served,
            "dtype": "unknown, the server's choice",
            "openai": importlib.metadata.version("openai"),
        }
        return ServedSession(
            model_folder=model_folder,
            client=client,
            concurrency=self.concurrency,
            log_path=None if work_folder is None else work_folder / REPLIES,
            token_prompts=self.prompts == "tokens",
            fields=self.fields,
            facts=facts,
            close=lambda: None,
        )

    def _served(self, model_folder: Path) -> tuple[str, str]:
        """The model's name on the servers, and whether they are known to hold the weights of ``model_folder``."""
        asking = CompletionsClient(
            model=self.model or "",
            base_urls=self.base_urls,
            api_key_env=self.api_key_env,
            timeout_seconds=self.timeout_seconds,
            max_retries=self.max_retries,
        )
        lists = asking.model_names()
        names = sorted({entry["id"] for entries in lists.values() for entry in entries})
        name = self.model or (names[0] if len(names) == 1 else None)
        if name is None:
            shown = ", ".join(names[:10]) or "no model, or no list of them"
            raise UserError(f"engine.model is null, but the servers offer {shown}: name one with engine.model=...")
        checked = 0
        for url, entries in lists.items():
            roots = [entry.get("root") for entry in entries if entry["id"] == name]
            for root in [Path(root) for root in roots if isinstance(root, str) and root.startswith("/")]:
                if not (root / "config.json").exists():
                    continue
                if not _same_weights(root, model_folder):
                    raise UserError(
                        f"the completions server at {url} serves {root}, but what is to be asked is the model in "
                        f"{model_folder}: let it serve that folder and run the same command again, or set engine.load_command"
                    )
                checked += 1
        if checked == len(self.base_urls):
            return name, "compared with the server's folder"
        if not self.load_command:
            shown = ", ".join(map(shown_url, self.base_urls))
            print(
                f"warning: {shown} cannot be asked which weights answer; they have to be those of {model_folder}, or this "
                "stage measures another model (engine.load_command sees to it)",
                file=sys.stderr,
                flush=True,
            )
        return name, "not checked"


def _load(command: list[str], model_folder: Path) -> None:
    print(f"serving {model_folder}: {' '.join(command)}", flush=True)
    try:
        status = subprocess.run([*command, str(model_folder.resolve())], check=False).returncode
    except OSError as error:
        raise UserError(f"engine.load_command: cannot run {command[0]!r}: {error.strerror}") from None
    if status:
        raise UserError(f"engine.load_command ended with status {status}; its own message stands above")


def _same_weights(one: Path, other: Path) -> bool:
    """Whether two model folders hold the same weights: the same files (hard links are), or files of equal bytes."""
    import filecmp

    files = sorted(path.name for path in one.glob("*.safetensors"))
    if files != sorted(path.name for path in other.glob("*.safetensors")):
        return False
    return all(filecmp.cmp(one / name, other / name, shallow=False) for name in files)
