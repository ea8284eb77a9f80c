"""Errors as one line, for every command: those of this library, and those of the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from payi_transport.errors import PayiError

__all__ = ["FilePath", "OneLineGroup", "Refusal", "short_errors"]


# Raised in place of a group's help by later versions of click.
_HELP: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())


class Refusal(click.ClickException):
    """Input that a command can't use; click prints it as one line."""

    # The code that click itself uses for wrong usage, so a script sees one code for all refused input.
    exit_code = 2


@contextmanager
def short_errors(*others: type[Exception]) -> Iterator[None]:
    """Turn errors of this library, and others that users can correct, into one line, not a traceback."""
    refused: tuple[type[Exception], ...] = (PayiError, *others)
    try:
        yield
    except refused as exc:
        # Without the cause, because a traceback would bury the one line that says what to correct.
        raise Refusal(str(exc)) from None


@contextmanager
def _short_usage() -> Iterator[None]:
    try:
        yield
    except _HELP:
        raise
    except click.UsageError as exc:
        path = exc.ctx.command_path if exc.ctx is not None else "payi-transport"
        text = " ".join(exc.format_message().split())
        raise Refusal(f"{text}{'' if text[-1] in '.?' else '.'} See `{path} --help`") from None


class OneLineGroup(click.Group):
    """A group of commands that refuses wrong usage in one line, which click tells in four."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        with _short_usage():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _short_usage():
            return super().invoke(ctx)


class FilePath(click.Path):
    """The path of a file, which may not exist, but has a name."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path. Fails for an empty text, which would be the current folder."""
        if not str(value).strip() or "\0" in str(value):
            self.fail(f"expected the path of a file, got {value!r}", param, ctx)
        return super().convert(value, param, ctx)
