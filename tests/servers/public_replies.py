"""Rankings as OpenAI-compatible servers send them: the body, by the name of the shape.

From public bug reports and the documentation of servers.
"""

import json

from openai_server import HONEST_USAGE, completion
from served_judge import BY_TEXT, REQUEST

from thoughtrank.judging.openai.prompt import render

LABEL = {answer_id: label for label, answer_id in render(REQUEST).labels.items()}
ORDER = [LABEL[group[0]] for group in BY_TEXT]
RANKING = json.dumps({"ranking": [[label] for label in ORDER]})
LINE = " > ".join(ORDER)


def streamed(text, **fields):
    """A reply in events of seven characters each, with comments and an event of usage, as servers send them."""
    pieces = [{"role": "assistant", "content": ""}, *({name: value} for name, value in fields.items())]
    pieces += [{"content": text[start : start + 7]} for start in range(0, len(text), 7)]
    choices = [[{"index": 0, "delta": piece, "finish_reason": None}] for piece in pieces]
    choices += [[{"index": 0, "delta": {}, "finish_reason": "stop"}], []]
    events = [
        {"id": "c", "object": "chat.completion.chunk", "model": "judge-2024", "choices": each} for each in choices
    ]
    events[-1]["usage"] = HONEST_USAGE
    return ": connected\n\n" + "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


RANKED = {
    "a closing tag only": completion(f"A is long. {{}} </think>\n\n{RANKING}"),
    "Magistral": completion(f"[THINK]B > A?[/THINK]{RANKING}"),
    "Magistral: parts": completion(
        [{"type": "thinking", "thinking": [{"type": "text", "text": "B > A?"}]}, {"type": "text", "text": RANKING}]
    ),
    "Seed-OSS": completion(f"<seed:think>hm<seed:cot_budget_reflect>9</seed:cot_budget_reflect></seed:think>{RANKING}"),
    "gpt-oss": completion(
        "<|channel|>analysis<|message|>B > A?<|end|><|start|>assistant"
        f"<|channel|>final <|constrain|>json<|message|>{RANKING}<|return|>"
    ),
    "gpt-oss without special tokens": completion(f"analysisB is best. So final.assistantfinal{RANKING}"),
    "two blocks": completion(f"<think>\n\n</think>\n<think>again</think>\n{RANKING}"),
    "a line of labels": completion(f"<think>x</think>\n{LINE}<|im_end|>"),
    "Kimi": completion(f"◁think▷hm◁/think▷{RANKING}"),
    "Command A": completion(f"<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>{RANKING}<|END_RESPONSE|>"),
    "Sky-T1": completion(
        f"<|begin_of_thought|>hm<|end_of_thought|>\n<|begin_of_solution|>{RANKING}<|end_of_solution|>"
    ),
    "GLM-4.5V": completion(f"<think>hm</think><|begin_of_box|>{RANKING}<|end_of_box|>"),
    "MedGemma": completion(f"<unused94>thought\nhm<unused95>{RANKING}"),
    "Gemini: thoughts": completion(f"<thought>hm</thought>```json\n{RANKING}\n```"),
    "an answer tag": completion(f"<think>hm</think><answer>{RANKING}</answer>"),
    "an end token": completion(f"{RANKING}<|eot_id|>"),
    "a turn after the end": completion(f"{RANKING}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nThanks"),
    "a role before": completion(f"<|start_header_id|>assistant<|end_header_id|>\n\n{RANKING}</s>"),
    "a decoded role before": completion(f"assistant\n\n{RANKING}"),
    "DeepSeek's end": completion(f"{RANKING}<｜end▁of▁sentence｜>"),
    "content in parts": completion([{"type": "text", "text": RANKING[:9]}, {"type": "text", "text": RANKING[9:]}]),
    "content as texts": completion([RANKING]),
    "content as an object": completion(json.loads(RANKING)),
    "vLLM: the reply is in the reasoning": completion(None, reasoning_content=RANKING),
    "LiteLLM: the reply is in a tool call": completion(
        None,
        finish="tool_calls",
        tool_calls=[{"type": "function", "function": {"name": "json_tool_call", "arguments": RANKING}}],
    ),
    "Apriel": completion(
        f"Here are my reasoning steps:\nB > A?\n[BEGIN FINAL RESPONSE]\n{RANKING}\n[END FINAL RESPONSE]"
    ),
    "Ollama's program": completion(f"Thinking...\nB > A?\n...done thinking.\n\n{RANKING}"),
    "LongCat": completion(f"<longcat_think>B > A?</longcat_think>{RANKING}"),
    "a scratchpad": completion(f"<scratchpad>B > A?</scratchpad>\n{RANKING}"),
    "a thought of another length": completion(f"<think_fast>B > A?</think_fast>{RANKING}"),
    "MiniMax's end": completion(f"{RANKING}[e~["),
    "Ling's end": completion(f"{RANKING}<|role_end|>"),
    "Seed's end": completion(f"{RANKING}<seed:eos>"),
    "a fence in one line": completion(f"```json {RANKING} ```"),
    "another fence": completion(f"~~~json\n{RANKING}\n~~~"),
    "a line in bold": completion(f"**{LINE}**"),
    "an object encoded twice": completion(json.dumps(RANKING)),
    "space without width": completion(f"\u00a0{RANKING}\u200b"),
    "a choice of the former API": {
        "choices": [{"text": RANKING, "finish_reason": "stop"}],
        "usage": HONEST_USAGE,
        "model": "judge-2024",
    },
    "another finish reason": completion(RANKING, finish="eos_token"),
    "no finish reason": completion(RANKING, finish=None),
    "a reason that quotes a tag": completion(json.dumps({"reason": "A has </think> in it", **json.loads(RANKING)})),
    "line breaks inside a string": completion(
        json.dumps({"reason": "A is longer.\\nB is better.", **json.loads(RANKING)}).replace("\\\\n", "\n")
    ),
    "a stream that nobody requested": streamed("<think>hm</think>\n" + RANKING),
    "a stream with its reasoning apart": streamed(RANKING, reasoning_content="B > A?"),
    "prose before": completion(f"Sure! Here is my ranking:\n\n{RANKING}"),
    "prose before a line of labels": completion(f"All four are fruits, so by name:\n\n{LINE}"),
    "a reason after": completion(f"{RANKING}\n\nThe first one is right."),
    "reasoning without an end": completion(f"<think>\nAll four are fruits, so by name.\n\n{RANKING}"),
    "a comma after the last group": completion(RANKING.replace("]]", "],]")),
    "quotes of Python": completion(RANKING.replace('"', "'")),
    "a fence without an end": completion(f"```json\n{RANKING}"),
    "a byte order mark": "\ufeff" + json.dumps(completion(RANKING)),
    "blank lines that keep the connection open": "\n\n\n" + json.dumps(completion(RANKING)),
}
