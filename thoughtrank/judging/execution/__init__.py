"""Running many judge calls: concurrency, retries, rate limits, the budget, and the logs that make every call paid once."""
