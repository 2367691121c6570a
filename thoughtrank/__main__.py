"""``python -m thoughtrank ...``: the same as ``thoughtrank ...`` and ``python train.py ...``."""

from thoughtrank.process.stop_signals import end_at_interrupt


def main() -> None:
    """Import the command line, which takes a second or two, and run it."""
    end_at_interrupt()
    from thoughtrank import cli

    cli.main()


if __name__ == "__main__":
    main()
