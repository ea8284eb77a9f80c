"""The commands of `payi-transport`: their arguments, and what they print.

Each command is a few lines over a module that does the work. Exit codes: 0 for success, 2 for input that is
refused, with one line on stderr.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
import msgspec.toml
from rich.console import Console

from payi_transport.cli.captured_calls import read_capture
from payi_transport.cli.explain import describe, explain_url
from payi_transport.cli.report import GROUPINGS, make_report
from payi_transport.cli.report_table import print_report
from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.validation import check_config, check_instruments
from payi_transport.errors import PayiError
from payi_transport.routing.hosts import HostMapping, HostPattern

__all__ = ["cli"]


class _Refusal(click.ClickException):
    """Input that a command can't use; click prints it as one line."""

    # The code that click itself uses for wrong usage, so a script sees one code for all refused input.
    exit_code = 2


@contextmanager
def _short_errors() -> Iterator[None]:
    """Turn errors of this library into one line instead of a traceback."""
    try:
        yield
    except PayiError as exc:
        # Without the cause, because a traceback would bury the one line that says what to correct.
        raise _Refusal(str(exc)) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="payi-transport", prog_name="payi-transport")
def cli() -> None:
    """See what LLM calls use, and check which calls are reported to Pay-i."""


@cli.command(short_help="Summarize captured calls.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--by",
    type=click.Choice(list(GROUPINGS)),
    default="resource",
    show_default=True,
    help="Group calls by this.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def report(file: Path, by: str, as_json: bool) -> None:
    """Summarize the calls in FILE: units, errors and latency.

    FILE is what `offline_instrumentation` wrote.
    """
    with _short_errors():
        made = make_report(read_capture(file), by)
    if as_json:
        click.echo(made.to_json())
    else:
        print_report(made, Console(highlight=False))


def _read_mappings(path: Path) -> dict[HostPattern, HostMapping]:
    """Return the host mappings in a file that holds the `config` of `payi_instrument()`."""
    is_toml = path.suffix.lower() == ".toml"
    try:
        # The `-sig` codec skips a byte order mark, which editors on Windows write.
        text = path.read_text(encoding="utf-8-sig")
        config = msgspec.toml.decode(text) if is_toml else msgspec.json.decode(text)
    except OSError as exc:
        raise PayiError(f"{path} can't be read: {exc.strerror}") from None
    # The errors of msgspec and of UTF-8 are ValueErrors; JSON that nests too deep is a RecursionError.
    except (ValueError, RecursionError) as exc:
        raise PayiError(f"{path} isn't valid {'TOML' if is_toml else 'JSON'}: {exc}") from None
    return collect_host_mappings(check_config(config))


@cli.command(short_help="Check whether requests to a URL are reported.")
@click.argument("url")
@click.option("--method", default="POST", show_default=True, help="The request's method.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="JSON or TOML file with payi_instrument()'s `config`."
)
@click.option(
    "--instruments", multiple=True, help="Category to report; repeat for more than one.  [default: all]"
)
def explain(url: str, method: str, config: Path | None, instruments: tuple[str, ...]) -> None:
    """Check whether requests to URL are reported, as what and why.

    If they aren't, say what to add to the configuration.
    """
    with _short_errors():
        mappings = _read_mappings(config) if config else {}
        categories = check_instruments(set(instruments) or None)
        explanation = explain_url(url, method=method, mappings=mappings, instruments=categories)
    click.echo(describe(explanation))


@cli.command(short_help="Try it without a key or an account.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="File for the captured calls; replaced if it exists.  [default: a new temporary file]",
)
def demo(output: Path | None) -> None:
    """Call a local provider with the OpenAI SDK and report what was captured.

    Needs no API key, no account and no network.
    """
    try:
        # Imported here, because the other commands must work without the OpenAI SDK.
        from payi_transport.cli.demo import run_demo
    except ImportError:
        raise _Refusal("The demo needs the OpenAI SDK: pip install 'payi-transport[demo]'") from None
    with _short_errors():
        run = run_demo(output)
    made = make_report(run.capture, "use_case")
    print_report(made, Console(highlight=False))
    click.echo(
        f"\nCaptured {made.total.calls} calls of the OpenAI SDK in {len(made.groups)} use cases;"
        f" {made.total.errors} failed.\n"
        "Streams report no usage unless the request asks for it, so this library asked.\n"
        f"Nothing left this machine: the provider ran at {run.provider}, and the events went to a file.\n"
        f"\nFile: {run.file}\n"
        # Quoted, so that the line can be pasted even if the path has a space in it.
        f"Next: payi-transport report {shlex.quote(str(run.file))} --by user"
    )
