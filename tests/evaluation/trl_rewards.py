"""Runs in TRL's environment: its reward of boxed answers, for pairs of reference and answer on standard input, as JSON."""

import json
import sys

from trl.rewards import accuracy_reward

rewards = []
for reference, given in json.load(sys.stdin):
    reply = rf"So the answer is $\boxed{{{given}}}$."
    rewards += accuracy_reward([[{"role": "assistant", "content": reply}]], [f"${reference}$"])
print(json.dumps(rewards))
