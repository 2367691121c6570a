"""The judge for OpenAI-compatible chat endpoints: prompts, requests, reply parsing, errors, prices."""
