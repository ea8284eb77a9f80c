"""Entry of `payi-transport` and of `python -m payi_transport`."""

from __future__ import annotations

import errno
import io
import os
import sys

__all__ = ["main"]

# Where the output of a command is redirected to has no room.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> None:
    """Run the command line; exits with 2 and one line where the extra `cli` is not installed."""
    try:
        import click  # noqa: F401
        import rich  # noqa: F401
    except ImportError:
        print("The command line needs two more packages: pip install 'payi-transport[cli]'", file=sys.stderr)
        raise SystemExit(2) from None
    for stream in (sys.stdout, sys.stderr):
        # A name in a report may hold letters that this terminal's encoding does not have.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    from payi_transport.cli.main import cli

    try:
        cli(prog_name="payi-transport")
    except OSError as exc:
        if exc.errno not in _FULL:
            raise
        # Python writes what is left in the buffer at its end, and would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"Error: the output can't be written: {exc.strerror}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
