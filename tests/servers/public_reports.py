"""What OpenAI-compatible servers send, by the name of the shape: status and body.

From public bug reports and the documentation of servers.
"""

import json

from openai_server import HONEST_USAGE, completion, error
from served_judge import BY_TEXT, REQUEST

from thoughtrank.judging.openai.prompt import render

LABEL = {answer_id: label for label, answer_id in render(REQUEST).labels.items()}
ORDER = [LABEL[group[0]] for group in BY_TEXT]
RANKING = json.dumps({"ranking": [[label] for label in ORDER]})
LINE = " > ".join(ORDER)
BLOCKED = {"blockReason": "PROHIBITED_CONTENT"}
GEMINI_USAGE = {"promptTokenCount": 125, "totalTokenCount": 125}


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


NO_SCHEMA = {
    "text as error": (400, {"error": "response_format is not supported"}),
    "detail": (400, {"detail": "Unsupported: json_schema"}),
    "FastAPI list": (
        422,
        {
            "detail": [
                {"loc": ["body", "response_format", "type"], "msg": "unexpected value", "type": "value_error.const"}
            ]
        },
    ),
    "message object": (
        400,
        {"message": {"detail": [{"loc": ["response_format"], "msg": "extra fields not permitted"}]}},
    ),
    "list of errors": (400, [{"error": {"code": 400, "message": 'Unknown name "strict" at response_format'}}]),
    "plain text": (400, "strict: unknown field"),
    "HTML": (400, "<!doctype html><html><title>400</title><body><p>json_schema is unknown</body></html>"),
    "Gemini: strict": (400, [{"error": {"code": 400, "message": 'Unknown name "strict": Cannot find field.'}}]),
    "Gemini: states": (
        400,
        error(
            "The specified schema produces a constraint that has too many states for serving.",
            status="INVALID_ARGUMENT",
        ),
    ),
    "Gemini: additionalProperties": (400, error('Unknown name "additionalProperties": Cannot find field.')),
    "DeepSeek": (400, error("This response_format type is unavailable now", type="invalid_request_error")),
    "vLLM: grammar": (400, {"object": "error", "message": "Failed to compile guided decoding grammar", "code": 400}),
    "LM Studio": (400, {"error": "'response_format.type' must be 'json_schema' or 'text'"}),
    "Groq": (400, error("This model does not support response format `json_schema`.", param="response_format")),
    "LiteLLM": (
        400,
        error("litellm.UnsupportedParamsError: x does not support parameters: ['response_format']", code="400"),
    ),
    "OpenRouter": (404, error("No endpoints found that can handle the requested parameters.", code=404)),
    "llama.cpp: 501": (501, error("json_schema is not supported by this server", code=501, type="not_supported_error")),
    "Azure: api-version": (
        400,
        error("response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later"),
    ),
    "in a 200": (200, {"error": {"code": 400, "message": "response_format is not supported"}}),
    "vLLM: extra_forbidden": (
        400,
        {
            "object": "error",
            "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'response_format', 'json_schema')}]",
            "code": 400,
        },
    ),
    "nested JSON": (
        400,
        error(
            "Provider returned error",
            code=400,
            metadata={"raw": '{"error":{"message":"Invalid schema for response_format"}}', "provider_name": "X"},
        ),
    ),
}

TOO_LONG = {
    "OpenAI": (400, error("This model's maximum context length is 8192 tokens.", code="context_length_exceeded")),
    "OpenAI: too large for the rate limit": (
        429,
        error("Request too large for gpt-4o on tokens per min (TPM): Limit 3"),
    ),
    "Anthropic": (400, error("prompt is too long: 210000 tokens > 200000 maximum")),
    "OpenAI: input tokens": (400, error("Input tokens exceed the configured limit of 272000 tokens.")),
    "Anthropic: with the reply": (400, error("input length and `max_tokens` exceed context limit: 9 + 8 > 10")),
    "Gemini": (400, [error("The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).")]),
    "llama.cpp": (
        400,
        error("the request exceeds the available context size.", type="exceed_context_size_error", code=400),
    ),
    "llama.cpp: while writing": (500, error("Context size has been exceeded.", code=500, type="server_error")),
    "TGI": (
        422,
        {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048", "error_type": "v"},
    ),
    "SGLang": (
        400,
        {
            "object": "error",
            "message": "The input (5000 tokens) is longer than the model's context length",
            "code": 400,
        },
    ),
    "LM Studio": (
        400,
        {"error": "Trying to keep the first 5000 tokens when context the overflows: context length of 4096"},
    ),
    "Ollama": (400, {"error": {"message": "the input length exceeds the context length", "type": "api_error"}}),
    "Mistral": (
        400,
        {
            "object": "error",
            "message": {
                "detail": "Prompt contains 40000 tokens, too large for model with 32768 maximum context length"
            },
        },
    ),
    "Moonshot": (400, error("Invalid request: Your request exceeded model token limit: 8192")),
    "Bedrock": (400, {"message": "Input is too long for requested model."}),
    "DashScope": (400, error("Range of input length should be [1, 30720]", code="invalid_parameter_error")),
    "xAI": (
        400,
        {"code": "Client specified an invalid argument", "error": "This model's maximum prompt length is 131072"},
    ),
    "vLLM: detail": (
        400,
        {"detail": "The decoder prompt (length 5000) is longer than the maximum model length of 4096"},
    ),
    "GitHub": (
        400,
        error("prompt token count of 70000 exceeds the limit of 64000", code="model_max_prompt_tokens_exceeded"),
    ),
    "a maximum token size": (400, error("Input length 5000 exceeds maximum allowed token size 4096")),
    "SambaNova": (
        400,
        error("The prompt is 5000 tokens long, but the maximum supported sequence length is just 4096!"),
    ),
    "ModelScope": (400, error("Total tokens of image and text exceed max message tokens")),
    "DeepSeek on Volcengine": (400, error("input characters limit is 393216")),
    "vLLM: no room for a reply": (400, error("max_tokens must be at least 1, got -904.", code=400)),
    "GLM": (400, error("Prompt 超长", code="1261")),
    "MiniMax: in a 200": (
        200,
        {"choices": None, "base_resp": {"status_code": 2013, "status_msg": "context window exceeds limit"}},
    ),
    "LiteLLM: nested": (
        400,
        error(
            'litellm.BadRequestError: AnthropicException - {"type":"error","error":{"type":"invalid_request_error",'
            '"message":"prompt is too long: 209303 tokens > 200000 maximum"}}'
        ),
    ),
    "LiteLLM: bytes in a text": (
        400,
        error("AnthropicException - b'input length and `max_tokens` exceed context limit: 179413 + 32768 > 200000'"),
    ),
    "Gemini: in other words": (
        400,
        error(
            "Unable to submit request because the input token count is 40000 but the model only supports up to 32768."
        ),
    ),
    "in a 200 without a status": (
        200,
        {"error": {"message": "maximum context length is 10", "code": "context_length_exceeded"}},
    ),
}

REFUSED = {
    "Azure": (400, error("filtered", code="content_filter", innererror={"code": "ResponsibleAIPolicyViolation"})),
    "DeepSeek": (400, error("Content Exists Risk", type="invalid_request_error")),
    "DashScope": (400, error("Input data may contain inappropriate content.", code="data_inspection_failed")),
    "OpenRouter": (
        403,
        error("The model requires moderation and your input was flagged", metadata={"flagged_input": "context length"}),
    ),
    "xAI": (
        403,
        {"code": "forbidden", "error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"},
    ),
    "OpenAI": (
        400,
        error(
            "Invalid prompt: your prompt was flagged as potentially violating our usage policy", code="invalid_prompt"
        ),
    ),
    "Gemini: a finish reason": (200, completion("", finish="content_filter: PROHIBITED_CONTENT")),
    "Gemini: SAFETY": (200, completion(None, finish="SAFETY")),
    "Gemini: RECITATION": (200, completion("", finish="RECITATION")),
    "Anthropic": (200, completion("", finish="refusal")),
    "GLM": (200, completion("", finish="sensitive")),
    "GLM: the request": (400, error("系统检测到输入或生成内容可能包含不安全或敏感内容", code="1301")),
    "MiniMax": (200, {"choices": None, "base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}),
    "Cohere": (200, completion("", finish="ERROR_TOXIC")),
    "Bedrock": (200, completion("", finish="guardrail_intervened")),
    "OpenAI: a part": (200, completion([{"type": "refusal", "refusal": "I can't."}])),
    "Gemini: the prompt": (200, {"promptFeedback": BLOCKED, "usageMetadata": GEMINI_USAGE, "modelVersion": "gemini"}),
    "Gemini: the prompt, in a list": (200, [{"promptFeedback": BLOCKED}]),
    "Gemini: the prompt, no choices": (200, completion("") | {"choices": [], "promptFeedback": BLOCKED}),
    "Gemini: the prompt, null": (200, completion("") | {"choices": None, "promptFeedback": BLOCKED}),
    "Gemini: the prompt, an empty message": (200, completion("") | {"promptFeedback": BLOCKED}),
    "Gemini: the prompt, in Python's names": (
        200,
        {"object": "chat.completion", "choices": [], "prompt_feedback": {"block_reason": "PROHIBITED_CONTENT"}},
    ),
    "Gemini: the prompt, streamed": (200, f"data: {json.dumps({'promptFeedback': BLOCKED})}\n\ndata: [DONE]\n\n"),
    "Gemini: the prompt, streamed beside choices": (
        200,
        f"data: {json.dumps({'id': 'c', 'choices': [], 'promptFeedback': BLOCKED})}\n\ndata: [DONE]\n\n",
    ),
    "Gemini: the prompt, through a gateway": (400, error("Prompt was blocked. blockReason: PROHIBITED_CONTENT")),
    "Gemini: no message": (
        200,
        {"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "content_filter: PROHIBITED_CONTENT"}]},
    ),
    "OpenRouter: the server's own reason": (
        200,
        {
            "choices": [
                {"finish_reason": "stop", "native_finish_reason": "PROHIBITED_CONTENT", "message": {"content": ""}}
            ]
        },
    ),
    "Azure: the prompt": (
        200,
        {
            "choices": [],
            "prompt_filter_results": [
                {
                    "prompt_index": 0,
                    "content_filter_results": {"hate": {"filtered": False}, "violence": {"filtered": True}},
                }
            ],
        },
    ),
}

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

RETRIED = {
    "OpenRouter": ({"error": {"code": 429, "message": "slow down"}}, False),
    "a list": ([{"error": {"code": 429, "message": "slow down"}}], False),
    "digits": ({"error": {"code": "429", "message": "slow down"}}, False),
    "beside the error": ({"status": 429, "error": "slow down"}, False),
    "by name": ({"error": {"code": "rate_limit_exceeded", "message": "slow down"}}, True),
    "words only": ({"error": "slow down: too many requests"}, True),
    "detail": ({"detail": "slow down, the model is overloaded"}, True),
    "beside a message": ({"code": 503, "msg": "slow down"}, False),
    "a gateway": ({"message": "slow down, Too Many Requests", "statusCode": 429}, False),
    "MiniMax": ({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "slow down: rate limit"}}, True),
    "OpenRouter: in the choice": (
        {
            "choices": [
                {"finish_reason": "error", "error": {"code": 502, "message": "slow down"}, "message": {"content": ""}}
            ]
        },
        True,
    ),
    "DeepSeek": (completion("slow down", finish="insufficient_system_resource"), True),
    "SGLang": (completion("slow down", finish="abort"), True),
}
