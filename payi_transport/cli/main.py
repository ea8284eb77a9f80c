"""The commands. Each is a few lines over a module that does the work."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
import msgspec.toml
from rich.console import Console

from payi_transport.cli.explain import describe, explain_url
from payi_transport.cli.report import GROUPINGS, draw, make_report, read_capture
from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.validation import check_config, check_instruments
from payi_transport.errors import PayiError
from payi_transport.routing.hosts import HostMapping, HostPattern

__all__ = ["cli"]


class _Refusal(click.ClickException):
    """One line on stderr."""

    exit_code = 2


@contextmanager
def _plain_errors() -> Iterator[None]:
    """No traceback for what the library refuses."""
    try:
        yield
    except PayiError as exc:
        raise _Refusal(str(exc)) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="payi-transport", prog_name="payi-transport")
def cli() -> None:
    """What LLM calls cost, for whom and in which use case: look at captured calls, check a host."""


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--by", type=click.Choice(list(GROUPINGS)), default="resource", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def report(file: Path, by: str, as_json: bool) -> None:
    """Add up the calls in FILE, which `offline_instrumentation` wrote: units, errors, latency."""
    with _plain_errors():
        made = make_report(read_capture(file), by)
    if as_json:
        click.echo(made.to_json())
    else:
        draw(made, Console(highlight=False))


def _read_mappings(path: Path) -> dict[HostPattern, HostMapping]:
    """The host mappings of a file that holds the `config` of `payi_instrument()`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        config = msgspec.toml.decode(text) if path.suffix.lower() == ".toml" else msgspec.json.decode(text)
    except OSError as exc:
        raise PayiError(f"{path} can not be read: {exc.strerror}") from None
    except (ValueError, RecursionError) as exc:
        raise PayiError(f"{path} is neither JSON nor, with that suffix, TOML: {exc}") from None
    return collect_host_mappings(check_config(config))


@cli.command()
@click.argument("url")
@click.option("--method", default="POST", show_default=True)
@click.option("--config", type=click.Path(path_type=Path), help="JSON or TOML: payi_instrument's `config`.")
@click.option("--instruments", multiple=True, help="A category to observe, may be repeated; default all.")
def explain(url: str, method: str, config: Path | None, instruments: tuple[str, ...]) -> None:
    """Tell whether a request to URL is observed, as what and why, and what is missing if it is not."""
    with _plain_errors():
        mappings = _read_mappings(config) if config else {}
        categories = check_instruments(set(instruments) or None)
        explanation = explain_url(url, method=method, mappings=mappings, instruments=categories)
    click.echo(describe(explanation))


@cli.command()
@click.option("--output", type=click.Path(path_type=Path), help="Where to capture; replaced if it exists.")
def demo(output: Path | None) -> None:
    """Run the OpenAI SDK against a provider on this machine and report it: no key, no account, no network."""
    try:
        from payi_transport.cli.demo import run_demo
    except ImportError:
        raise _Refusal("The demo needs the OpenAI SDK: pip install 'payi-transport[demo]'") from None
    with _plain_errors():
        run = run_demo(output)
    made = make_report(run.capture, "use_case")
    draw(made, Console(highlight=False))
    click.echo(
        f"\nSeen: {made.total.calls} calls of the OpenAI SDK in {len(made.groups)} use cases, of which"
        f" {made.total.errors} failed. Streams tell no tokens unless asked: this library asked.\n"
        f"Nothing left this machine: the provider was {run.provider}, the events went to a file.\n"
        f"The file: {run.file}\n"
        f"Look again: payi-transport report {shlex.quote(str(run.file))} --by user"
    )
