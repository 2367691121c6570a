"""vLLM's server, started from an environment of its own (the config choice ``engine=vllm``)."""

import json
import secrets
from pathlib import Path
from typing import Literal

from thoughtrank.engines.engine_component import LocalEngineComponent
from thoughtrank.engines.protocol import DeviceCounts
from thoughtrank.engines.serving.completion_log import COMPLETION_LOG
from thoughtrank.engines.serving.completions_client import CompletionsClient
from thoughtrank.engines.serving.cuda_devices import num_cuda_devices
from thoughtrank.engines.serving.held_server import HeldServer
from thoughtrank.engines.serving.served_session import ServedSession
from thoughtrank.engines.serving.server_process import ServerProcess
from thoughtrank.engines.serving.vllm_server import python_faults, server_command
from thoughtrank.engines.setting_bounds import bound_faults
from thoughtrank.http_api.ports import free_port
from thoughtrank.user_input.number_ranges import TimeoutSeconds


class VLLMEngine(LocalEngineComponent):
    """Starts a server for each model that generates, and ends it so that the devices are free for training.

    Args:
        python: of an environment with vLLM in it.
        dtype: of weights and arithmetic.
        tensor_parallel: devices per copy of the model.
        data_parallel: copies of the model; ``auto`` for as many as the CUDA devices hold.
        prefix_caching: keep the keys and values of prompts, so that all prefixes of a question share its prompt.
        context_tokens: longest sequence the server accepts; null is as many tokens as the run's longest prompt and text take. A
            server starts only if its memory holds one such sequence, which at a model's own limit can be more than a card has.
        arguments: additional command-line arguments of the server.
        start_minutes: how long the server may take to become ready.
        concurrency: branches in flight per copy of the model; the server batches them itself, at most so many at once.
        timeout_seconds: limit of one attempt.
        max_retries: attempts after the first.
        questions_per_group: questions generated together; also the unit of saving.
        replies_per_group: the same for evaluation, in replies.
        probe_candidates: candidates of a stage that are generated again in another batch, to measure how many change.
    """

    version = 2
    scores = True
    overlaps_groups = True
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
        data_parallel: int | Literal["auto"] = "auto",
        prefix_caching: bool = True,
        context_tokens: int | None = None,
        arguments: list[str] | None = None,
        start_minutes: float = 20.0,
        concurrency: int = 1024,
        timeout_seconds: TimeoutSeconds = 1800.0,
        max_retries: int = 3,
        questions_per_group: int = 64,
        replies_per_group: int = 4096,
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
        self._server = HeldServer()
        self._sequence_tokens: int | None = None

    def faults(self) -> list[str]:
        """See ``Engine``."""
        faults = bound_faults(
            at_least_one={
                "tensor_parallel": self.tensor_parallel,
                "data_parallel": 1 if self.data_parallel == "auto" else self.data_parallel,
                "concurrency": self.concurrency,
                "context_tokens": 1 if self.context_tokens is None else self.context_tokens,
                "questions_per_group": self.questions_per_group,
                "replies_per_group": self.replies_per_group,
            },
            at_least_zero={"max_retries": self.max_retries, "probe_candidates": self.probe_candidates},
            above_zero={"start_minutes": self.start_minutes, "timeout_seconds": self.timeout_seconds},
        )
        return [*faults, *python_faults(self.python)]

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> ServedSession:
        """See ``Engine``. A server that the last session with the same model has left is used again.

        Raises:
            UserError: the server does not start.
        """
        copies = self.copies()
        server = self._server.serving(
            model_folder, start=lambda: self._start(model_folder, copies=copies, work_folder=work_folder)
        )
        return ServedSession(
            model_folder=model_folder,
            client=CompletionsClient(
                model=server.model,
                base_urls=[f"{server.url}/v1"],
                api_key_env=None,
                timeout_seconds=self.timeout_seconds,
                max_retries=self.max_retries,
                use_proxies=False,
            ),
            concurrency=self.concurrency * copies,
            log_path=None if work_folder is None else work_folder / COMPLETION_LOG,
            token_prompts=True,
            # vLLM's own fields: exact token ids, and unchanged text.
            fields={"return_token_ids": True, "skip_special_tokens": False, "spaces_between_special_tokens": False},
            token_ends=True,
            score_fields="prompt_logprobs",
            facts={
                "engine": "vllm",
                "vllm": json.loads(server.get("/version") or b'{"version": "unknown"}')["version"],
                "dtype": self.dtype,
                "tensor_parallel": self.tensor_parallel,
                "data_parallel": copies,
                "prefix_caching": self.prefix_caching,
            },
        )

    def expect(self, *, sequence_tokens: int) -> None:
        """See ``Engine``."""
        self._sequence_tokens = sequence_tokens

    def release(self) -> None:
        """See ``Engine``."""
        self._server.release()

    def devices_estimate(self) -> DeviceCounts:
        """See ``Engine``. The server batches the requests of every stage over its copies of the model."""
        devices = self.copies() * self.tensor_parallel
        return DeviceCounts(generation=devices, evaluation=devices)

    def copies(self) -> int:
        """Of the model: as given, or as many as this machine's CUDA devices hold; 1 on the CPU."""
        if self.data_parallel != "auto":
            return self.data_parallel
        return max(1, num_cuda_devices() // self.tensor_parallel)

    def _start(self, model_folder: Path, *, copies: int, work_folder: Path | None) -> ServerProcess:
        port = free_port("127.0.0.1")
        model = f"thoughtrank-{secrets.token_hex(8)}"
        return ServerProcess(
            command=self._command(model_folder.resolve(), port=port, model=model, copies=copies),
            port=port,
            model=model,
            name="vLLM",
            log=(work_folder or Path.cwd()) / "_vllm.log",
            start_minutes=self.start_minutes,
        )

    def _command(self, model_folder: Path, *, port: int, model: str, copies: int) -> list[str]:
        return server_command(
            python=self.python,
            model_folder=model_folder,
            options={
                "served-model-name": model,
                "host": "127.0.0.1",
                "port": port,
                "dtype": self.dtype,
                "tensor-parallel-size": self.tensor_parallel,
                "data-parallel-size": copies,
                "max-num-seqs": self.concurrency,
                # The model's own file may set a temperature or penalties, but decoding is greedy.
                "generation-config": "vllm",
                "max-model-len": self.context_tokens or self._sequence_tokens,
                "enable-prefix-caching": self.prefix_caching,
            },
            arguments=self.arguments,
        )
