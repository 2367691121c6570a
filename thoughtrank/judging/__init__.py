"""Judges (the config group ``judge``): the judge-call protocol, the judges, screening of answers, and the audit of a judge."""
