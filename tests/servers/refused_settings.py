"""How OpenAI-compatible servers refuse a setting according to public bug reports: status, body, and what the message names."""

from openai_server import error

SETTINGS = {
    "OpenAI: temperature": (
        400,
        error("Unsupported value: 'temperature' does not support 0.0 with this model."),
        "judge.temperature=null",
    ),
    "LiteLLM: temperature": (
        400,
        error("gpt-5 models don't support temperature=0.0. Only temperature=1 is supported."),
        "judge.temperature=null",
    ),
    "Moonshot: temperature": (
        400,
        error("invalid temperature: only 1 is allowed for this model"),
        "judge.temperature=null",
    ),
    "Anthropic: temperature": (400, error("`temperature` is deprecated for this model."), "judge.temperature=null"),
    "TGI: temperature": (
        422,
        {"error": "Input validation error: `temperature` must be strictly positive"},
        "judge.temperature=null",
    ),
    "Bedrock: temperature": (400, {"message": "temperature: Extra inputs are not permitted"}, "judge.temperature=null"),
    "FastAPI: temperature": (
        422,
        {"detail": [{"loc": ["body", "temperature"], "msg": "should be greater than 0"}]},
        "judge.temperature=null",
    ),
    "MiniMax: temperature, in a 200": (
        200,
        {"choices": None, "base_resp": {"status_code": 2013, "status_msg": "temperature should be in (0, 1]"}},
        "judge.temperature=null",
    ),
    "vLLM: the method of another path": (405, {"detail": "Method Not Allowed"}, "judge.base_url"),
    "OpenRouter: credit": (
        402,
        error("Insufficient credits", code=402),
        "the account of the key in JUDGE_KEY has no credit left",
    ),
    "DeepSeek: credit": (402, {"error": {"message": "Insufficient Balance"}}, "the account of the key in JUDGE_KEY"),
    "Anthropic: credit": (
        400,
        error("Your credit balance is too low to access the Anthropic API."),
        "the account of the key in JUDGE_KEY",
    ),
    "xAI: credit": (
        403,
        {"error": "Your newly created team doesn't have any credits yet."},
        "the account of the key in JUDGE_KEY",
    ),
    "SiliconFlow: credit": (
        403,
        {"code": 30001, "message": "Sorry, your account balance is insufficient"},
        "the account of the key in JUDGE_KEY",
    ),
    "Moonshot: credit": (
        429,
        error("Your account org-1 is suspended, please check your plan and billing details"),
        "the account of the key in JUDGE_KEY",
    ),
    "GLM: credit": (429, error("余额不足或无可用资源包,请充值。", code="1113"), "the account of the key in JUDGE_KEY"),
    "Gemini: key": (
        400,
        [error("API key not valid. Please pass a valid API key.", code=400)],
        "does not accept the key in JUDGE_KEY",
    ),
    "MiniMax: key, in a 200": (
        200,
        {"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail: carry the API secret key"}},
        "does not accept the key in JUDGE_KEY",
    ),
    "a region": (
        403,
        error("Country, region, or territory not supported"),
        "Country, region, or territory not supported",
    ),
    "DeepSeek: model": (400, error("Model Not Exist"), "judge.model"),
    "OpenRouter: model": (400, error("org/judge-1 is not a valid model ID", code=400), "judge.model"),
    "Mistral: model": (
        400,
        {"object": "error", "message": "Invalid model: org/judge-1", "code": "1500"},
        "judge.model",
    ),
    "Ollama: model": (404, error('model "org/judge-1" not found, try pulling it first'), "try pulling it first"),
    "Groq: model": (400, error("The model has been decommissioned", code="model_decommissioned"), "judge.model"),
    "Together: model": (400, error("Unable to access non-serverless model", code="model_not_available"), "judge.model"),
    "LM Studio: model": (400, {"error": "No models loaded. Please load a model first."}, "judge.model"),
    "Open WebUI: path": (405, {"detail": "Method Not Allowed"}, "judge.base_url"),
    "OpenAI: reply limit": (
        400,
        error("max_tokens is too large: 99999. This model supports at most 4096 completion tokens"),
        "judge.max_reply_tokens",
    ),
    "DeepSeek: reply limit": (
        400,
        error("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"),
        "judge.max_reply_tokens",
    ),
}
