"""The model that is served has to be the model of the round."""

import pytest
from served_generation import engine, write

from thoughtrank.errors import UserError


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
