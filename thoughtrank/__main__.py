"""``python -m thoughtrank ...``: the same as ``thoughtrank ...`` and ``python train.py ...``."""

from thoughtrank.cli import main

if __name__ == "__main__":
    main()
