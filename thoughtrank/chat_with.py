"""Former name of ``python -m thoughtrank.chat``; kept so that existing commands continue to work."""

from thoughtrank.chat.__main__ import main

if __name__ == "__main__":
    main()
