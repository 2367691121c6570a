"""The model that is served has to be the model of the round."""

import pytest
from served_generation import engine, write

from thoughtrank.engines.serving.served_model import check_served_model, same_weights
from thoughtrank.errors import UserError
from thoughtrank.http_api.model_list import ServedModel


def test_the_only_model_is_found_and_of_several_one_has_to_be_named(server, tiny_folder, capsys):
    _, facts = write(engine(server), tiny_folder, [])
    assert (facts["model"], facts["weights"]) == ("tiny", "not checked")
    assert f"all of them have to serve {tiny_folder}" in capsys.readouterr().err
    server.models = ["one", "two"]
    with pytest.raises(UserError, match=r"offer one, two: name one with engine\.model"):
        engine(server).open(tiny_folder)


def test_a_server_of_other_weights_is_refused_where_it_says_so(server, tiny_folder, tmp_path):
    server.root = str(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"others")
    with pytest.raises(UserError, match=r"serves .* but this stage needs the model in"):
        engine(server).open(tiny_folder)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").hardlink_to(tiny_folder / "model.safetensors")
    assert write(engine(server), tiny_folder, [])[1]["weights"] == "compared with the server's folder"


def test_a_model_without_a_stated_folder_is_not_checked(tmp_path, capsys):
    lists = {"http://a/v1": [ServedModel("m", None), ServedModel("other", None)]}
    settings = {"model": "m", "model_folder": tmp_path, "num_servers": 1}
    assert check_served_model(lists, warn=False, **settings) == ("m", "not checked")
    assert capsys.readouterr().err == ""
    check_served_model(lists, warn=True, **settings)
    assert f"all of them have to serve {tmp_path}" in capsys.readouterr().err


def test_weights_are_compared_only_if_every_server_states_a_folder(tmp_path):
    (tmp_path / "config.json").touch()
    lists = {"http://a/v1": [ServedModel("m", str(tmp_path))]}
    settings = {"model": None, "model_folder": tmp_path, "warn": False}
    assert check_served_model(lists, num_servers=1, **settings).weights == "compared with the server's folder"
    assert check_served_model(lists, num_servers=2, **settings).weights == "not checked"


def test_weights_are_the_same_by_names_and_bytes(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"weights")
    assert same_weights(one, other)
    (other / "model.safetensors").write_bytes(b"WEIGHTS")
    assert not same_weights(one, other)
    (other / "model.safetensors").write_bytes(b"weights")
    (other / "second.safetensors").touch()
    assert not same_weights(one, other)
