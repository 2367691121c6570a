"""Errors of OpenAI-compatible servers by the name of the shape, from public bug reports and the documentation of servers.

Status and body; of what is tried again, the body, which has status 200, and whether it may have been charged.
"""

from openai_server import completion, error

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
    "Baidu": (400, {"error_code": 336007, "error_msg": "the max input characters is 20000"}),
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
