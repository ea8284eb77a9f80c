"""The error of a command that was given input that it can't use."""

from __future__ import annotations

import click

__all__ = ["Refusal"]


class Refusal(click.ClickException):
    """Input that a command can't use; click prints it as one line."""

    # The code that click itself uses for wrong usage, so a script sees one code for all refused input.
    exit_code = 2
