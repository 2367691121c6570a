"""What the clients of OpenAI-compatible servers share: URLs, API keys, retry delays and error texts; and free ports."""
