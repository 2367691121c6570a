"""The process of a device writes what this process would, and leaves nothing behind."""

import pytest
from reference_decoding import requests_for

from thoughtrank.engines.decoding.devices.device_process import start_device_process
from thoughtrank.engines.decoding.devices.records import Settings
from thoughtrank.engines.decoding.devices.session_pool import SessionPool
from thoughtrank.engines.decoding.devices.worker import failure
from thoughtrank.engines.decoding.session import TransformersSession
from thoughtrank.engines.protocol import Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.errors import UserError
from thoughtrank.prompting.thought_tags import OPEN_TAG

LIMITS = Limits(thought_tokens=10, answer_tokens=6)
ENGINE = {"dtype": "float32", "device": "cpu"}


def test_errors_are_sent_as_sentences_and_bugs_with_their_traceback():
    assert failure(UserError("one", "two")).sentences == ("one", "two")
    with pytest.raises(KeyError) as caught:
        raise KeyError("lost")
    assert failure(caught.value).kind == "bug"


@pytest.fixture
def groups(tiny_folder):
    return [[each] for each in requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abc"])]


@pytest.fixture
def expected(tiny_folder, groups):
    with TransformersEngine(**ENGINE, devices=1).open(tiny_folder) as session:
        assert isinstance(session, TransformersSession)
        return [session.generate(each, limits=LIMITS) for each in groups]


@pytest.mark.slow
def test_two_processes_write_the_same_table_as_one(tiny_folder, groups, expected):
    settings = Settings(model_folder=tiny_folder, device="cpu", dtype="float32", packed=False, token_budget=65536)
    started = []

    def start(number):
        started.append(start_device_process(settings, number))
        return started[-1]

    with SessionPool(start(0), start, at_most=2) as session:
        assert sorted(session.generate_groups(groups, limits=LIMITS)) == list(enumerate(expected))
    assert len(started) == 2
    assert all(each.process.poll() is not None for each in started)


def test_two_threads_with_the_same_weights_write_it_too(tiny_folder, groups, expected):
    with TransformersEngine(**ENGINE, devices=2).open(tiny_folder) as session:
        assert isinstance(session, SessionPool)
        assert sorted(session.generate_groups(groups, limits=LIMITS)) == list(enumerate(expected))
        assert session.facts()["devices"] == 2
