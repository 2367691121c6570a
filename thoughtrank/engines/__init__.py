"""Text generation engines (the config group ``engine``): the branching decoder, vLLM, OpenAI-compatible servers."""
