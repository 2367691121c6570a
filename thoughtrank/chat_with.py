"""Former name of ``python -m thoughtrank.chat``; kept so that existing commands go on working."""

from thoughtrank.chat import main

if __name__ == "__main__":
    main()
