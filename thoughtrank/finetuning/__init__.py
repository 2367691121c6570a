"""Supervised fine-tuning in a process of its own: ``python -m thoughtrank.finetuning JOB.yaml PARENT``."""
