"""What a dry run shows, and every run before it starts: what it will do, how long it takes, and what it costs."""
