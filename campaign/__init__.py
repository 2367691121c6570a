"""Trials that try to break runs: kills, full disks, damaged files, failing judges, hostile input."""
