"""The report of a run as one HTML file, built from its stored tables: ``report.html``."""
