"""Errors of this library as one line, for every command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from payi_transport.errors import PayiError

__all__ = ["Refusal", "short_errors"]


class Refusal(click.ClickException):
    """Input that a command can't use; click prints it as one line."""

    # The code that click itself uses for wrong usage, so a script sees one code for all refused input.
    exit_code = 2


@contextmanager
def short_errors() -> Iterator[None]:
    """Turn errors of this library into one line instead of a traceback."""
    try:
        yield
    except PayiError as exc:
        # Without the cause, because a traceback would bury the one line that says what to correct.
        raise Refusal(str(exc)) from None
