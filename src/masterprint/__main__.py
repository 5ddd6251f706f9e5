"""The command, and `python -m masterprint`."""

import os

INTERRUPTED = 130


def main() -> None:
    """Run the command line, and heed Ctrl-C from its first import on."""
    try:
        from masterprint.cli.app import main as run

        run()
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
