"""The process of a device writes what this process would, and leaves nothing behind."""

import pytest
from reference_decoding import requests_for

from thoughtrank.engines.decoding.devices.worker import failure
from thoughtrank.engines.protocol import Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.errors import UserError
from thoughtrank.prompting.thought_tags import OPEN_TAG


def test_errors_are_sent_as_sentences_and_bugs_with_their_traceback():
    assert failure(UserError("one", "two")).sentences == ("one", "two")
    with pytest.raises(KeyError) as caught:
        raise KeyError("lost")
    assert failure(caught.value).kind == "bug"


@pytest.mark.slow
def test_two_processes_write_the_same_table_as_one(tiny_folder):
    groups = [[each] for each in requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abc"])]
    limits, engine = Limits(thought_tokens=10, answer_tokens=6), {"dtype": "float32", "device": "cpu"}
    with TransformersEngine(**engine).open(tiny_folder) as session:
        expected = [session.generate(each, limits=limits) for each in groups]
    with TransformersEngine(**engine, devices=2).open(tiny_folder) as session:
        assert len(session._workers) == 1
        assert sorted(session.generate_groups(groups, limits=limits)) == list(enumerate(expected))
        processes = [worker.process for worker in session._workers]
    assert len(processes) == 2
    assert all(process.poll() is not None for process in processes)
