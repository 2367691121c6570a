"""Chat templates in the shape of those that families of models have, with the tokens that they write, for tests."""

from typing import NamedTuple

CHATML_TURNS = (
    "{% for message in messages %}{% if message.role == 'user' %}"
    "<|im_start|>user\n{{ message.content }}<|im_end|>\n{% endif %}"
)


class Family(NamedTuple):
    """A chat template.

    Attributes:
        template: in Jinja.
        tokens: special tokens of the tokenizer.
        eos: its end-of-sequence token.
        prompt: how a prompt for "Why?" ends, as replies are trained after it.
        end: the token that ends a reply.
        bos: its beginning-of-sequence token.
    """

    template: str
    tokens: list[str]
    eos: str
    prompt: str
    end: str
    bos: str | None = None


CHATML_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]

QWEN3 = Family(
    # The last reply gets a reasoning block, which is empty where it has none; so does the prompt where thinking is off.
    template=(
        "{%- set state = namespace(last=messages|length - 1) %}"
        "{%- for message in messages %}"
        "{%- if message.role == 'user' %}{{- '<|im_start|>user\\n' + message.content + '<|im_end|>\\n' }}"
        "{%- else %}{%- set content, thinking = message.content, '' %}"
        "{%- if '</think>' in content %}{%- set thinking = content.split('</think>')[0] %}"
        "{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}"
        "{%- if loop.index0 == state.last or thinking %}"
        "{{- '<|im_start|>assistant\\n<think>\\n' + thinking.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}"
        "{%- else %}{{- '<|im_start|>assistant\\n' + content }}{%- endif %}{{- '<|im_end|>\\n' }}{%- endif %}"
        "{%- endfor %}"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
        "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
        "{%- endif %}\n"
    ),
    tokens=CHATML_TOKENS,
    eos="<|im_end|>",
    prompt="<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
    end="<|im_end|>",
)
QWQ = Family(
    # The prompt opens a reasoning block; a conversation has replies without theirs.
    template=(
        f"{CHATML_TURNS}{{% if message.role == 'assistant' %}}<|im_start|>assistant\n"
        "{{ message.content.split('</think>')[-1].lstrip('\\n') }}<|im_end|>\n{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}\n"
    ),
    tokens=CHATML_TOKENS,
    eos="<|im_end|>",
    prompt="<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n",
    end="<|im_end|>",
)
DEEPSEEK_V3 = Family(
    template=(
        "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
        "{% set state = namespace(system='') %}{% for message in messages %}{% if message['role'] == 'system' %}"
        "{% set state.system = message['content'] %}{% endif %}{% endfor %}{{ bos_token }}{{ state.system }}"
        "{% for message in messages %}{% if message['role'] == 'user' %}{{ '<｜User｜>' + message['content'] }}"
        "{% elif message['role'] == 'assistant' and message['content'] is not none %}"
        "{{ '<｜Assistant｜>' + message['content'] + '<｜end▁of▁sentence｜>' }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %}"
    ),
    tokens=["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"],
    eos="<｜end▁of▁sentence｜>",
    bos="<｜begin▁of▁sentence｜>",
    prompt="<｜begin▁of▁sentence｜><｜User｜>Why?<｜Assistant｜>",
    end="<｜end▁of▁sentence｜>",
)
DEEPSEEK_R1 = DEEPSEEK_V3._replace(
    template=DEEPSEEK_V3.template.replace("{{ '<｜Assistant｜>' }}", "{{ '<｜Assistant｜><think>\\n' }}"),
)
DEEPSEEK_V31 = DEEPSEEK_V3._replace(
    # The prompt closes a reasoning block at once, unless thinking is on.
    template=(
        "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
        "{{ '<｜User｜>' + message['content'] }}{% else %}{{ '<｜Assistant｜></think>' }}"
        "{% set content = message['content'] %}{% if '</think>' in content %}"
        "{% set content = content.split('</think>', 1)[1] %}{% endif %}{{ content + '<｜end▁of▁sentence｜>' }}{% endif %}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<｜Assistant｜>' }}"
        "{% if thinking is defined and thinking %}{{ '<think>' }}{% else %}{{ '</think>' }}{% endif %}{% endif %}"
    ),
    prompt="<｜begin▁of▁sentence｜><｜User｜>Why?<｜Assistant｜></think>",
)
GPT_OSS = Family(
    # A reply is a message of the final channel, and the last one is ended by another token than those before it.
    template=(
        "{{- '<|start|>system<|message|>Today is ' + strftime_now('%Y-%m-%d') + '.<|end|>' }}"
        "{%- for message in messages %}{%- if message.role == 'user' %}"
        "{{- '<|start|>user<|message|>' + message.content + '<|end|>' }}"
        "{%- elif loop.last and not add_generation_prompt %}"
        "{{- '<|start|>assistant<|channel|>final<|message|>' + message.content + '<|return|>' }}"
        "{%- else %}{{- '<|start|>assistant<|channel|>final<|message|>' + message.content + '<|end|>' }}{%- endif %}"
        "{%- endfor -%}\n{%- if add_generation_prompt -%}\n<|start|>assistant\n{%- endif -%}"
    ),
    tokens=["<|startoftext|>", "<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|return|>", "<|endoftext|>"],
    eos="<|return|>",
    bos="<|startoftext|>",
    prompt="<|start|>user<|message|>Why?<|end|><|start|>assistant<|channel|>final<|message|>",
    end="<|return|>",
)
GLM4 = Family(
    # No token of its own ends a reply: the one that begins the user's next turn does.
    template=(
        "[gMASK]<sop>{% for message in messages %}{% if message['content'] %}"
        "<|{{ message['role'] }}|>\n{{ message['content'] }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    ),
    tokens=["<|endoftext|>", "[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"],
    eos="<|endoftext|>",
    prompt="[gMASK]<sop><|user|>\nWhy?<|assistant|>\n",
    end="<|user|>",
)
GLM45 = GLM4._replace(
    template=(
        "[gMASK]<sop>{% for m in messages %}{% if m.role == 'user' %}<|user|>\n{{ m.content }}"
        "{{ '/nothink' if (enable_thinking is defined and not enable_thinking) else '' }}"
        "{% else %}<|assistant|>\n<think></think>\n{{ m.content.strip() }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>"
        "{{ '\n<think></think>' if (enable_thinking is defined and not enable_thinking) else '' }}{% endif %}"
    ),
    tokens=[*GLM4.tokens, "/nothink", "<think>", "</think>"],
    prompt="[gMASK]<sop><|user|>\nWhy?/nothink<|assistant|>\n<think></think>",
)
MISTRAL = Family(
    # A space stands between the prompt and the reply.
    template=(
        "{{ bos_token }}{% for message in messages %}"
        "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
        "{% if message['role'] == 'user' %}{{ ' [INST] ' + message['content'] + ' [/INST]' }}"
        "{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
    ),
    tokens=["<unk>", "<s>", "</s>", "[INST]", "[/INST]"],
    eos="</s>",
    bos="<s>",
    prompt="<s> [INST] Why? [/INST]",
    end="</s>",
)
LLAMA2_CHAT = Family(
    template=(
        "{% for message in messages %}{% if message['role'] == 'user' %}"
        "{{ bos_token + '[INST] ' + message['content'].strip() + ' [/INST]' }}"
        "{% else %}{{ ' ' + message['content'].strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
    ),
    tokens=["<unk>", "<s>", "</s>"],
    eos="</s>",
    bos="<s>",
    prompt="<s>[INST] Why? [/INST]",
    end="</s>",
)
VICUNA = Family(
    # No generation prompt.
    template=(
        "{{ bos_token }}{{ 'A chat between a user and an assistant. ' }}{% for message in messages %}"
        "{% if message['role'] == 'user' %}{{ 'USER: ' + message['content'].strip() + ' ' }}"
        "{% else %}{{ 'ASSISTANT: ' + message['content'].strip() + eos_token }}{% endif %}{% endfor %}"
    ),
    tokens=["<unk>", "<s>", "</s>"],
    eos="</s>",
    bos="<s>",
    prompt="A chat between a user and an assistant. USER: Why? ASSISTANT:",
    end="</s>",
)
GEMMA = Family(
    # A turn is ended by another token than a text.
    template=(
        "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}{% set role = 'model' %}"
        "{% else %}{% set role = message['role'] %}{% endif %}"
        "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
    ),
    tokens=["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"],
    eos="<eos>",
    bos="<bos>",
    prompt="<bos><start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n",
    end="<end_of_turn>",
)
PHI3 = Family(
    template=(
        "{% for message in messages %}{% if message['role'] == 'user' %}{{ '<|user|>\n' + message['content'] + '<|end|>\n' }}"
        "{% elif message['role'] == 'assistant' %}{{ '<|assistant|>\n' + message['content'] + '<|end|>\n' }}{% endif %}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
    ),
    tokens=["<|endoftext|>", "<|assistant|>", "<|user|>", "<|system|>", "<|end|>"],
    eos="<|endoftext|>",
    prompt="<|user|>\nWhy?<|end|>\n<|assistant|>\n",
    end="<|end|>",
)
FAMILIES = {
    "Qwen3": QWEN3,
    "QwQ": QWQ,
    "DeepSeek-V3": DEEPSEEK_V3,
    "DeepSeek-R1": DEEPSEEK_R1,
    "DeepSeek-V3.1": DEEPSEEK_V31,
    "gpt-oss": GPT_OSS,
    "GLM-4": GLM4,
    "GLM-4.5": GLM45,
    "Mistral": MISTRAL,
    "Llama-2-chat": LLAMA2_CHAT,
    "Vicuna": VICUNA,
    "Gemma": GEMMA,
    "Phi-3": PHI3,
}
