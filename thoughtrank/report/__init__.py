"""Results: ``summary.json``, the tables printed at the end, sweep comparison, prefix statistics, model card, loggers."""
