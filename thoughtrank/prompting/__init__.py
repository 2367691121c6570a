"""From a question to the model's prompt: chat template, special tokens, thought tags and the context limit."""
