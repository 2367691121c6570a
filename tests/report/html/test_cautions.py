from dataclasses import replace

from stored_runs import stored_run, without_examples

from thoughtrank.report.html.cautions import cautions
from thoughtrank.report.html.stored_run import read_run


def with_arms(run, **arms):
    last = run.rounds[-1]
    changed = {**last.metrics["arms"], **arms}
    return replace(run, rounds=[*run.rounds[:-1], replace(last, metrics={**last.metrics, "arms": changed})])


def with_replies(run, number, change, **metrics):
    rounds = list(run.rounds)
    each = rounds[number]
    rounds[number] = replace(
        each, replies=[change(*pair) for pair in enumerate(each.replies)], metrics={**each.metrics, **metrics}
    )
    return replace(run, rounds=rounds)


def test_an_empty_thought_has_a_sentence_where_it_is_as_good_or_tests_nothing(tmp_path):
    run = read_run(stored_run(tmp_path))
    thought = {"accuracy": 0.5, "low": 0.4, "high": 0.6, "n": 40}
    good = {"accuracy": 0.45, "low": 0.3, "high": 0.6, "n": 40, "reply_tokens": 46.2}
    changed = with_arms(run, thought=thought, room_to_reason=good, answer_at_once={"accuracy": 0.1})
    compared = {"first": "round 2 thought", "second": "round 2 room_to_reason", "points": 5.0, "low": -1.0, "high": 9.0}
    findings = {**run.findings, "comparisons": [{**compared, "p_value": 0.02, "adjusted_p_value": 0.12}]}
    text = cautions(replace(changed, findings=findings))
    shown = "writes another one in 40 of 40 replies, and reaches 45.0 %, in replies of 46 tokens on average."
    assert f"After an empty thought it {shown}" in text
    plain = with_replies(changed, 2, lambda index, row: replace(row, reply="7"))
    text = cautions(replace(plain, findings=findings))
    assert "A thought is not the only way to calculate." in text
    assert "in replies of 46 tokens on average (0 of 40 of these replies close a thought anyway)." in text
    assert "is +5.0 points (95 % interval -1.0 to +9.0 of this difference alone, p = 0.120 after Holm" in text
    assert "it reaches 10.0 %: only the first number of the answer counts there" in text
    worse = {**good, "accuracy": 0.3}
    assert "empty thought" not in cautions(with_arms(plain, thought=thought, room_to_reason=worse))
    # The arm tests nothing where thoughts follow, whatever it reaches.
    assert "does not show what" in cautions(with_arms(run, thought=thought, room_to_reason=worse))
    assert cautions(read_run(stored_run(tmp_path / "base", rounds=0))) == ""
    assert cautions(without_examples(run)) == ""


def test_truncated_replies_of_round_0_stand_beside_the_change_without_them(tmp_path):
    run = read_run(stored_run(tmp_path, accuracy=(0.0, 0.5, 1.0)))
    assert "truncated" not in cautions(run)
    # Replies to the first 10 of 40 questions are truncated.
    changed = with_replies(
        run, 0, lambda index, row: replace(row, reply_finish="length" if index < 40 else "stop"), truncation_rate=0.25
    )
    text = cautions(changed)
    assert "In round 0, 25.0 % of the replies were truncated; in round 2, 0.0 %." in text
    assert "among the 30 questions whose reply was not truncated in round 0, the change is +100.0 points" in text
    assert "the change is +100.0 points (95 % interval +100.0 to +100.0)." in text


def test_a_collapsed_opening_is_named_with_its_base(tmp_path):
    run = read_run(stored_run(tmp_path))
    same = with_replies(run, 2, lambda index, row: replace(row, thought="Let me" if row.arm == "own_thought" else None))
    text = cautions(same)
    assert "mostly open alike: 100.0 % of its 40 thoughts in round 2 begin with “Let”" in text
    varied = with_replies(same, 2, lambda index, row: replace(row, thought=row.thought and f"{index} {row.thought}"))
    assert "collapsed" not in cautions(varied)


def test_unseen_families_are_compared_with_their_own_round_0(tmp_path):
    run = read_run(stored_run(tmp_path, accuracy=(0.0, 0.5, 1.0)))
    assert "Unseen" not in cautions(run)
    for number in (0, 2):
        run = with_replies(
            run, number, lambda index, row: replace(row, unseen=index >= 120), unseen_accuracy=float(number == 2)
        )
    text = cautions(run)
    assert "Unseen families went from 0.0 % to 100.0 % of 10 questions: +100.0 points (95 % interval" in text
    assert "uncorrected" not in text
    assert "compare them with their own round 0" in text
