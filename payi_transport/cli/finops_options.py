"""What the commands about money have in common: their options, and reading what they are given."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
import msgspec

from payi_transport.cli.short_errors import short_errors
from payi_transport.config.schema import Settings
from payi_transport.config.sources import load_sources

__all__ = [
    "EVENTS",
    "config_option",
    "events_option",
    "json_option",
    "make_progress",
    "money_errors",
    "print_json",
    "read_settings",
    "zone_option",
]

EVENTS = "Files of events, directories, or patterns; repeat for more than one."
config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="TOML file with the configuration."
)
events_option = click.option("--events", multiple=True, required=True, help=EVENTS)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
zone_option = click.option("--tz", "zone", help="Time zone of days.  [default: the machine's]")


def money_errors() -> AbstractContextManager[None]:
    """Turn what users can correct into one line, values of files and options among them."""
    return short_errors(ValueError, OverflowError)


def _warn(problem: str) -> None:
    click.echo(f"Warning: {problem}", err=True)


def read_settings(config: Path | None, warn: Callable[[str], None] = _warn) -> Settings:
    """Return the settings in a file and in the environment. Raises PayiConfigError."""
    return load_sources(config, os.environ, warn).check()


def make_progress() -> Callable[[int, int], None] | None:
    """Return what shows how far reading is, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def show(read: int, total: int) -> None:
        end = "\n" if read >= total else ""
        sys.stderr.write(f"\rread {read / max(total, 1):.0%} of the events{end}")
        sys.stderr.flush()

    return show


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)))
