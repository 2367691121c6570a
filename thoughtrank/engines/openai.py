"""Any server with an OpenAI-compatible completions endpoint (the config choice ``engine=openai``)."""

import importlib.metadata
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from thoughtrank.engines.engine_component import EngineComponent
from thoughtrank.engines.serving.completion_log import COMPLETION_LOG
from thoughtrank.engines.serving.completions_client import CompletionsClient
from thoughtrank.engines.serving.served_model import check_served_model
from thoughtrank.engines.serving.served_session import ServedSession
from thoughtrank.engines.setting_bounds import bound_faults
from thoughtrank.errors import UserError
from thoughtrank.http_api.api_keys import api_key, key_name_faults
from thoughtrank.http_api.clients import environment_faults
from thoughtrank.http_api.urls import url_faults
from thoughtrank.output.redaction import child_environment
from thoughtrank.output.terminal import print_text
from thoughtrank.user_input.number_ranges import TimeoutSeconds


class OpenAIEngine(EngineComponent):
    """Thought and answer as two greedy completions with stop strings.

    After a round of training the servers have to serve the new model: with ``load_command``, or by hand.

    Args:
        base_urls: servers of the same model; requests are distributed over them.
        model: its name on the servers; null takes the only one that is served.
        api_key_env: the environment variable with the key; null for servers without keys.
        load_command: run with the model's folder as its last argument before each stage that generates; it exits with 0 once
            that model is served. Null for none.
        prompts: ``text``, or ``tokens`` for servers that take token ids (vLLM, SGLang, llama.cpp): the answer then continues
            exactly the tokens of the thought.
        fields: additional fields of every request.
        token_ends: whether the servers take ``stop_token_ids`` and ``min_tokens`` (vLLM, SGLang): they then end a turn at token
            ids, and an answer at its least length or later, without a further request.
        scores: whether the servers return the log-probabilities of an echoed prompt (``echo`` with ``logprobs``). This is
            tried when a session is opened, so before the first candidate is generated.
        concurrency: branches in flight, over all servers.
        timeout_seconds: limit of one attempt.
        max_retries: attempts after the first.
        questions_per_group: questions generated together; also the unit of saving.
        replies_per_group: the same for evaluation, in replies.
        probe_candidates: candidates of a stage that are generated again in another batch, to measure how many change.
    """

    overlaps_groups = True
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
        token_ends: bool = False,
        scores: bool = False,
        concurrency: int = 16,
        timeout_seconds: TimeoutSeconds = 600.0,
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
        self.token_ends = token_ends
        self.scores = scores
        self.concurrency = concurrency
        self.timeout_seconds = timeout_seconds
        self.max_retries = max_retries
        self.questions_per_group = questions_per_group
        self.replies_per_group = replies_per_group
        self.probe_candidates = probe_candidates

    def identity(self) -> dict[str, object]:
        """See ``Engine``; as before there were servers that end a turn at token ids, where they do not."""
        settings = super().identity()
        return (
            settings if self.token_ends else {name: value for name, value in settings.items() if name != "token_ends"}
        )

    def faults(self) -> list[str]:
        """See ``Engine``."""
        faults = []
        if not self.base_urls:
            faults.append(
                "engine.base_urls is empty: give at least one, such as engine.base_urls=[http://localhost:8000/v1]"
            )
        for url in self.base_urls:
            faults += url_faults(url, setting="engine.base_urls", key_setting="engine.api_key_env")
        faults += environment_faults()
        names = key_name_faults(self.api_key_env, setting="engine.api_key_env")
        faults += names
        if not names and self.api_key_env is not None and api_key(self.api_key_env) is None:
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

    def notes(self) -> list[str]:
        """See ``Engine``: who serves the models of the rounds, where no command does."""
        if self.load_command:
            return []
        return [
            "engine.load_command is null, so each round's model has to be served by hand: run with stop_after=training, serve "
            "4_model of the round, and give the same command again"
        ]

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> ServedSession:
        """See ``Engine``.

        Raises:
            UserError: a server cannot be reached, serves another model, or cannot score although ``scores`` is set.
        """
        if self.load_command:
            _load(self.load_command, model_folder)
        model = check_served_model(
            self._client(model=self.model or "").models(),
            model=self.model,
            model_folder=model_folder,
            num_servers=len(self.base_urls),
            warn=not self.load_command,
        )
        client = self._client(model=model.name)
        if self.scores:
            _check_scores(client, fields=self.fields)
        return ServedSession(
            model_folder=model_folder,
            client=client,
            concurrency=self.concurrency,
            log_path=None if work_folder is None else work_folder / COMPLETION_LOG,
            token_prompts=self.prompts == "tokens",
            fields=self.fields,
            token_ends=self.token_ends,
            score_fields="echo" if self.scores else None,
            facts={
                "engine": "openai",
                "model": model.name,
                "weights": model.weights,
                "dtype": "unknown, the server's choice",
                "openai": importlib.metadata.version("openai"),
            },
        )

    def _client(self, *, model: str) -> CompletionsClient:
        return CompletionsClient(
            model=model,
            base_urls=self.base_urls,
            api_key_env=self.api_key_env,
            timeout_seconds=self.timeout_seconds,
            max_retries=self.max_retries,
        )


def _check_scores(client: CompletionsClient, *, fields: Mapping[str, object]) -> None:
    """Ask for the log-probabilities of a short prompt.

    Raises:
        UserError: there are none.
    """
    body = {"prompt": "1 + 1 = 2", "max_tokens": 1, "temperature": 0.0, "logprobs": 1, "echo": True, **fields}
    try:
        client.prompt_logprobs(body)
    except UserError as error:
        raise UserError(
            "engine.scores=true, but the completions servers return no log-probabilities of an echoed prompt: set "
            f"engine.scores=false, or use other servers ({'; '.join(error.faults)})"
        ) from None


def _load(command: list[str], model_folder: Path) -> None:
    print_text(f"loading {model_folder} into the servers: {' '.join(command)}")
    try:
        arguments = [*command, str(model_folder.resolve())]
        status = subprocess.run(arguments, env=child_environment(), check=False).returncode
    except OSError as error:
        raise UserError(f"engine.load_command: cannot run {command[0]!r}: {error.strerror}") from None
    if status:
        raise UserError(f"engine.load_command failed with status {status}; see its output above")
