from dataclasses import replace

from stored_runs import stored_run

from thoughtrank.report.html.empty_thought import closed_anyway
from thoughtrank.report.html.stored_run import read_run


def test_the_replies_of_the_accuracy_are_counted(tmp_path):
    last = read_run(stored_run(tmp_path)).rounds[-1]
    empty = [each for each in last.replies if each.arm == "room_to_reason"]
    plain = [replace(each, reply="7") for each in empty[:25]]
    others = [replace(each, unseen=True) for each in empty[25:27]]
    counted = closed_anyway(replace(last, replies=[*plain, *others, *empty[27:], *last.replies[:1]]))
    assert counted.text == "13 of 38 of these replies close a thought anyway"
    assert not counted.most
    assert closed_anyway(last).most
    assert closed_anyway(replace(last, replies=[])) is None
