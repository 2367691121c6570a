"""How OpenAI-compatible servers refuse a content: status and body, by the name of the shape.

From public bug reports and the documentation of servers.
"""

import json

from openai_server import completion, error

BLOCKED = {"blockReason": "PROHIBITED_CONTENT"}
GEMINI_USAGE = {"promptTokenCount": 125, "totalTokenCount": 125}

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
