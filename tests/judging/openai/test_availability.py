import pytest
from openai_server import Scripted, error
from served_judge import KEY, judge_at

from thoughtrank.judging.reference import ReferenceJudge


def listing(*names):
    return Scripted(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


def test_nothing_is_said_of_a_server_that_lists_the_model_or_has_no_list(server):
    assert judge_at(server).availability_warning() is None
    server.model_list = listing("other", "org/judge-1")
    assert judge_at(server).availability_warning() is None
    server.model_list = Scripted(200, ["no", "list"])
    assert judge_at(server).availability_warning() is None
    server.model_list = listing()
    assert judge_at(server).availability_warning() is None
    assert ReferenceJudge().availability_warning() is None
    assert server.received == []


@pytest.mark.parametrize(
    ("listed", "model"),
    [
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("llama3:latest", "llama3"),
        ("openai/gpt-4o", "gpt-4o"),
        ("openai/gpt-4o", "openai/gpt-4o:floor"),
        ("GPT-4o", "gpt-4o"),
    ],
)
def test_a_vendor_or_a_tag_is_no_other_model(server, listed, model):
    server.model_list = listing(listed)
    assert judge_at(server, model=model).availability_warning() is None


def test_a_model_that_is_not_listed_is_named_beside_those_that_are(server):
    server.model_list = listing("gpt-4o", "gpt-4o-mini", *(f"m{number}" for number in range(9)))
    warning = judge_at(server, model="gpt-4").availability_warning()
    assert "does not list the model gpt-4, but gpt-4o, gpt-4o-mini, m0, m1, m2 and 6 more: check judge.model" in warning


def test_a_refused_key_is_reported_with_the_servers_words_and_without_the_key(server):
    server.model_list = Scripted(401, error(f"Incorrect API key provided: {KEY}"))
    warning = judge_at(server).availability_warning()
    assert "does not take the key in JUDGE_KEY when asked for its models (HTTP 401): Incorrect API key" in warning
    assert KEY not in warning
    server.model_list = Scripted(401, error("Who are you?"))
    assert "asks for a key" in judge_at(server, api_key_env=None).availability_warning()


def test_a_server_that_is_not_there_may_still_be_started(server):
    judge = judge_at(server)
    server.close()
    warning = judge.availability_warning()
    assert f"the judge at {server.url} cannot be reached now: " in warning
    assert "The run starts all the same, and stops where it needs the judge if that fails then." in warning
