"""Studies of several runs, as small as their tables allow."""

from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.storage.json_files import read_json, write_json
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import write_part

N = 20
CONFIG = """# @package _global_
hydra:
  mode: MULTIRUN
  sweeper:
    params:
      seed: 0,1
      STUDY/settings: plain,screened
"""


def write_study_config(study):
    study.mkdir(parents=True)
    (study / "config.yaml").write_text(CONFIG.replace("STUDY", study.name))
    return study


def summary(*, right, genuine=(0, 3), effect=25.0):
    """Of a run of one round, which answers ``right`` of ``N`` test questions."""
    accuracy = right / N
    arms = {
        "thought": {"accuracy": accuracy},
        "own_thought": {"accuracy": accuracy},
        "edited_thought": {"accuracy": 0.1, "follows": 0.8},
    }
    rounds = [
        {
            "round": number,
            "n": N,
            "accuracy": accuracy if number else 0.1,
            "accuracy_low": 0.0,
            "accuracy_high": 1.0,
            "direct_accuracy": None,
            "unseen_accuracy": 0.5,
            "families": {"sharing": {"n": 4, "right": right // 5 * number}},
            "arms": arms,
            "examples": 12 * number,
            "training_steps": 16 * number,
            "candidates": {
                "n": 62 * number,
                "questions": 4 * number,
                "tokens": 1000 * number,
                "genuine": genuine[number],
            },
            "seconds": {"generation": 60.0 * number, "training": 30.0 * number, "evaluation": 30.0},
        }
        for number in (0, 1)
    ]
    found = {"points": effect, "low": effect - 10, "high": effect + 10, "p_value": 0.0001, "n": N, "against": "copies"}
    control = {"round": 1, "accuracy": 0.2, "arms": {"thought": {"accuracy": 0.2}}, "variants": {}}
    control["variants"] = {"copies": {"arms": control["arms"]}}
    return {
        "rounds": rounds,
        "exported_round": 1,
        "thought_effect": found,
        "controls": {"answers_only": control},
    }


def replies(folder, **right):
    """A table of replies: for each arm the number of right ones among ``N``."""
    rows = [
        HeldOutReply(
            question_id=f"q{index}",
            family=None,
            unseen=False,
            arm=arm,
            reply="7",
            answer="7",
            right=index < number,
            thought_well_formed=True,
            reply_tokens=3,
            reply_finish="stop",
        )
        for arm, number in right.items()
        for index in range(N)
    ]
    folder.mkdir(parents=True)
    write_part(folder / "part-00000.parquet", rows, record_type=HeldOutReply)


def run_folder(runs, name, *, right, with_replies=True):
    """A finished run: its summary, and its replies with those of its control, of which 4 are right."""
    paths = RunPaths(runs / name)
    paths.folder.mkdir(parents=True)
    write_json(paths.summary, summary(right=right))
    if with_replies:
        replies(paths.replies(1), thought=right, own_thought=right, answer_at_once=0)
        replies(paths.control(1, "answers_only", "copies").replies, thought=4, answer_at_once=4)
    return paths.folder


def add_round(folder, *, right):
    """One round more of a finished run, with ``right`` right answers in its arm ``thought``."""
    paths = RunPaths(folder)
    found = read_json(paths.summary)
    last = found["rounds"][-1]
    number = last["round"] + 1
    found["rounds"].append({**last, "round": number, "accuracy": right / N})
    write_json(paths.summary, found)
    replies(paths.replies(number), thought=right)
