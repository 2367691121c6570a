"""Generation through completions servers: starting one, the client, and the log of completed requests."""
