"""Compose the config, check it, run the pipeline: ``python train.py judge=gpt4 prefixes=alnum``."""

from thoughtrank.cli import main

if __name__ == "__main__":
    main()
