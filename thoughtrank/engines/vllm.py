"""vLLM's server, started from an environment of its own (the config choice ``engine=vllm``)."""

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from thoughtrank.engines.engine_component import LocalEngineComponent
from thoughtrank.engines.serving.completion_log import COMPLETION_LOG
from thoughtrank.engines.serving.completions_client import CompletionsClient
from thoughtrank.engines.serving.served_session import ServedSession, end_tokens
from thoughtrank.engines.serving.server_process import ServerProcess
from thoughtrank.engines.serving.vllm_server import python_faults, server_command
from thoughtrank.engines.setting_bounds import bound_faults
from thoughtrank.http_api.ports import free_port
from thoughtrank.user_input.number_ranges import TimeoutSeconds

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class VLLMEngine(LocalEngineComponent):
    """Starts a server for each stage that generates, and ends it so that the devices are free for training.

    Args:
        python: of an environment with vLLM in it.
        dtype: of weights and arithmetic.
        tensor_parallel: devices per copy of the model.
        data_parallel: copies of the model.
        prefix_caching: keep the keys and values of prompts, so that all prefixes of a question share its prompt.
        context_tokens: longest sequence the server accepts; null takes the model's own limit.
        arguments: additional command-line arguments of the server.
        start_minutes: how long the server may take to become ready.
        concurrency: branches in flight; the server batches them itself.
        timeout_seconds: limit of one attempt.
        max_retries: attempts after the first.
        questions_per_group: questions generated together; also the unit of saving.
        replies_per_group: the same for evaluation, in replies.
        probe_candidates: candidates of a stage that are generated again in another batch, to measure how many change.
    """

    scores = True
    operational = frozenset(
        {
            "python",
            "data_parallel",
            "prefix_caching",
            "context_tokens",
            "start_minutes",
            "concurrency",
            "timeout_seconds",
            "max_retries",
            "probe_candidates",
        }
    )

    def __init__(
        self,
        *,
        python: str = ".venv-vllm/bin/python",
        dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16",
        tensor_parallel: int = 1,
        data_parallel: int = 1,
        prefix_caching: bool = True,
        context_tokens: int | None = None,
        arguments: list[str] | None = None,
        start_minutes: float = 20.0,
        concurrency: int = 256,
        timeout_seconds: TimeoutSeconds = 1800.0,
        max_retries: int = 3,
        questions_per_group: int = 8,
        replies_per_group: int = 512,
        probe_candidates: int = 8,
    ) -> None:
        self.python = python
        self.dtype = dtype
        self.tensor_parallel = tensor_parallel
        self.data_parallel = data_parallel
        self.prefix_caching = prefix_caching
        self.context_tokens = context_tokens
        self.arguments = arguments or []
        self.start_minutes = start_minutes
        self.concurrency = concurrency
        self.timeout_seconds = timeout_seconds
        self.max_retries = max_retries
        self.questions_per_group = questions_per_group
        self.replies_per_group = replies_per_group
        self.probe_candidates = probe_candidates

    def faults(self) -> list[str]:
        """See ``Engine``."""
        faults = bound_faults(
            at_least_one={
                "tensor_parallel": self.tensor_parallel,
                "data_parallel": self.data_parallel,
                "concurrency": self.concurrency,
                "questions_per_group": self.questions_per_group,
                "replies_per_group": self.replies_per_group,
            },
            at_least_zero={"max_retries": self.max_retries, "probe_candidates": self.probe_candidates},
            above_zero={"start_minutes": self.start_minutes, "timeout_seconds": self.timeout_seconds},
        )
        return [*faults, *python_faults(self.python)]

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> ServedSession:
        """See ``Engine``.

        Raises:
            UserError: the server does not start.
        """
        from transformers import AutoTokenizer

        port = free_port("127.0.0.1")
        log = (work_folder or Path.cwd()) / "_vllm.log"
        tokenizer = AutoTokenizer.from_pretrained(model_folder)
        model = f"thoughtrank-{secrets.token_hex(8)}"
        server = ServerProcess(
            command=self._command(model_folder.resolve(), port=port, model=model),
            port=port,
            model=model,
            name="vLLM",
            log=log,
            start_minutes=self.start_minutes,
        )
        try:
            return self._session(
                model_folder, port=port, model=model, server=server, work_folder=work_folder, tokenizer=tokenizer
            )
        except BaseException:
            server.close()
            raise

    def _session(
        self,
        model_folder: Path,
        *,
        port: int,
        model: str,
        server: ServerProcess,
        work_folder: Path | None,
        tokenizer: "PreTrainedTokenizerBase",
    ) -> ServedSession:
        client = CompletionsClient(
            model=model,
            base_urls=[f"http://127.0.0.1:{port}/v1"],
            api_key_env=None,
            timeout_seconds=self.timeout_seconds,
            max_retries=self.max_retries,
        )
        return ServedSession(
            model_folder=model_folder,
            client=client,
            concurrency=self.concurrency,
            log_path=None if work_folder is None else work_folder / COMPLETION_LOG,
            token_prompts=True,
            # vLLM's own fields: exact token ids, unchanged text, and the end-of-turn tokens that the tokenizer does not name.
            fields={
                "return_token_ids": True,
                "skip_special_tokens": False,
                "spaces_between_special_tokens": False,
                "stop_token_ids": end_tokens(model_folder, tokenizer),
            },
            score_fields="prompt_logprobs",
            facts={
                "engine": "vllm",
                "vllm": json.loads(server.get("/version") or b'{"version": "unknown"}')["version"],
                "dtype": self.dtype,
                "tensor_parallel": self.tensor_parallel,
                "data_parallel": self.data_parallel,
                "prefix_caching": self.prefix_caching,
            },
            close=server.close,
        )

    def _command(self, model_folder: Path, *, port: int, model: str) -> list[str]:
        return server_command(
            python=self.python,
            model_folder=model_folder,
            options={
                "served-model-name": model,
                "host": "127.0.0.1",
                "port": port,
                "dtype": self.dtype,
                "tensor-parallel-size": self.tensor_parallel,
                "data-parallel-size": self.data_parallel,
                # The model's own file may set a temperature or penalties, but decoding is greedy.
                "generation-config": "vllm",
                "max-model-len": self.context_tokens,
                "enable-prefix-caching": self.prefix_caching,
            },
            arguments=self.arguments,
        )
