import json
import shutil

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.models.huggingface import HuggingFaceModel


@pytest.mark.parametrize("name", ["/no/such/folder", "nonsense", "a/b/c"])
def test_a_name_that_is_neither_folder_nor_hub_id_is_a_fault(name):
    assert HuggingFaceModel(name=name).faults()


def test_a_hub_id_is_no_fault_and_a_plan_uses_what_is_stated():
    source = HuggingFaceModel(name="organisation/model", parameters=1, context=2, cache_bytes=3)
    assert source.faults() == []
    assert (source.num_parameters(), source.context_tokens(), source.kv_cache_bytes_per_token()) == (1, 2, 3)


def test_a_date_that_is_none_is_reported_with_the_other_faults():
    faults = HuggingFaceModel(name="nonsense", date="tomorrow").faults()
    assert [fault.partition("=")[0] for fault in faults] == ["model.date", "model.name"]


def test_a_folder_without_a_config_is_a_fault(tmp_path):
    [fault] = HuggingFaceModel(name=str(tmp_path)).faults()
    assert "config.json" in fault


def test_the_files_of_a_local_folder_take_precedence_over_what_is_stated(tiny_folder):
    source = HuggingFaceModel(name=str(tiny_folder), parameters=1, context=2, cache_bytes=3)
    parameters = AutoModelForCausalLM.from_pretrained(tiny_folder).num_parameters()
    assert source.num_parameters() == pytest.approx(parameters, rel=0.05)
    assert source.context_tokens() == 4096
    # keys and values, 2 layers, 2 heads, head_dim 16, 2 bytes
    assert source.kv_cache_bytes_per_token() == 2 * 2 * 2 * 16 * 2


def test_a_model_without_grouped_queries_has_as_many_kv_heads_as_query_heads(tmp_path):
    config = {"num_attention_heads": 4, "hidden_size": 32, "num_hidden_layers": 3}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert HuggingFaceModel(name=str(tmp_path)).kv_cache_bytes_per_token() == 2 * 3 * 4 * 8 * 2
    (tmp_path / "config.json").write_text(json.dumps({**config, "head_dim": 5}))
    assert HuggingFaceModel(name=str(tmp_path)).kv_cache_bytes_per_token() == 2 * 3 * 4 * 5 * 2


def test_a_local_folder_is_copied_with_its_template(tiny_folder, tmp_path):
    source = HuggingFaceModel(name=str(tiny_folder))
    assert source.faults() == []
    assert source.context_tokens() == 4096
    source.write(tmp_path)
    before, after = (AutoTokenizer.from_pretrained(folder) for folder in (tiny_folder, tmp_path))
    assert after.chat_template == before.chat_template
    assert AutoModelForCausalLM.from_pretrained(tmp_path).config.hidden_size == 64


def test_another_file_in_the_folder_is_another_model(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "copy")
    same = HuggingFaceModel(name=str(tmp_path / "copy")).identity()
    assert same == HuggingFaceModel(name=str(tiny_folder)).identity()
    config = tmp_path / "copy" / "config.json"
    config.write_text(config.read_text() + " ")
    assert HuggingFaceModel(name=str(tmp_path / "copy")).identity() != same


def test_what_changes_the_written_folder_is_in_the_identity_and_what_helps_the_plan_is_not(tiny_folder):
    def identity(**settings):
        return HuggingFaceModel(name=str(tiny_folder), **settings).identity()

    assert identity(license="mit", parameters=1, context=2, cache_bytes=3) == identity()
    assert len({str(each) for each in (identity(), identity(chat_template="plain"), identity(end_of_turn="a"))}) == 3
    assert identity(date="2025-01-01") != identity(date="2025-01-02")


def test_the_license_is_stated_or_in_the_card_or_unknown(tiny_folder, tmp_path):
    assert HuggingFaceModel(name=str(tiny_folder)).facts().license == "other"
    assert HuggingFaceModel(name=str(tiny_folder), license="mit").facts().license == "mit"
    (tmp_path / "README.md").write_text("---\nlicense: gpl-3.0\n---\n# A model\n")
    assert HuggingFaceModel(name=str(tmp_path)).facts().license == "gpl-3.0"
