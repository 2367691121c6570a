"""Compose the config, check it, run the pipeline: ``python train.py judge=gpt4 prefixes=alnum``."""

from thoughtrank.process.module_path import search_working_folder_last

if __name__ == "__main__":
    search_working_folder_last()
    from thoughtrank.__main__ import main

    main()
