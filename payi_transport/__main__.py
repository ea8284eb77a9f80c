"""Entry of `payi-transport` and of `python -m payi_transport`."""

from __future__ import annotations

import io
import sys

__all__ = ["main"]


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

    cli(prog_name="payi-transport")


if __name__ == "__main__":
    main()
