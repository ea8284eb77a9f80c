"""Lists every command with its arguments and options, as users meet them.

`python -m tests.cli.options` writes the list anew. Look at what changed: scripts of users depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from payi_transport.cli.main import cli

__all__ = ["PATH", "list_options"]

PATH = Path(__file__).with_name("options.txt")


def list_options(command: click.Command = cli, path: str = "payi-transport") -> Iterator[str]:
    """Yield a line for each command, argument, and option: what it accepts, its default, and its help."""
    context = click.Context(command, info_name=path, terminal_width=10_000, max_content_width=10_000)
    yield f"{path}: {command.get_short_help_str(1000)}"
    yield from (f"    {line.strip()}" for line in (command.help or "").splitlines() if line.strip())
    for parameter in command.params:
        name, text = parameter.get_help_record(context) or (parameter.make_metavar(context), "")
        traits = [trait for trait in ("required", "multiple") if getattr(parameter, trait, False)]
        traits += ["any number"] if parameter.nargs == -1 else []
        yield f"  {name} ({', '.join(traits) or 'optional'}) {text}".rstrip()
    if isinstance(command, click.Group):
        for below in sorted(command.commands):
            yield from list_options(command.commands[below], f"{path} {below}")


if __name__ == "__main__":
    PATH.write_text("\n".join(list_options()) + "\n", "utf-8")
