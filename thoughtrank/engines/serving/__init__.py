"""Generation on completions servers: starting a server, its client, and the log of completions."""
