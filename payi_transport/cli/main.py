"""The commands of `payi-transport`: their arguments, and what they print.

Each command is a few lines over a module that does the work. Exit codes: 0 for success, 2 for input that is
refused, with one line on stderr.
"""

from __future__ import annotations

import json
import os
import shlex
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
import msgspec.toml

from payi_transport.cli.columns import make_console
from payi_transport.cli.complete_check import check_sources, find_doubts
from payi_transport.cli.doctor import examine, has_errors
from payi_transport.cli.doctor_lines import print_findings
from payi_transport.cli.explain import describe, explain_url
from payi_transport.cli.finops import FINOPS_COMMANDS
from payi_transport.cli.fleet import nats, relay
from payi_transport.cli.report_command import read_report, report
from payi_transport.cli.report_table import print_report
from payi_transport.cli.run import check_settings, make_environment, replace_process
from payi_transport.cli.serve_extra import load_run_program, load_serve
from payi_transport.cli.short_errors import FilePath, OneLineGroup, Refusal, short_errors
from payi_transport.config.json_schema import make_json_schema
from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.sources import load_sources
from payi_transport.config.validation import check_config, check_instruments
from payi_transport.errors import PayiError
from payi_transport.routing.hosts import HostMapping, HostPattern
from payi_transport.runtime.ending_signals import ended_by_signals

__all__ = ["cli"]


@click.group(cls=OneLineGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="payi-transport", prog_name="payi-transport")
def cli() -> None:
    """See what LLM calls use, and check which calls are reported to Pay-i."""


cli.add_command(nats)
cli.add_command(relay)
cli.add_command(report)


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


def _find_mappings() -> dict[HostPattern, HostMapping]:
    """Return the host mappings of a program that is started in this environment."""
    return collect_host_mappings(check_sources(load_sources(None, os.environ, lambda problem: None)))


@cli.command(short_help="Check whether requests to a URL are reported.")
@click.argument("url")
@click.option("--method", default="POST", show_default=True, help="The request's method.")
@click.option("--config", type=FilePath(), help="JSON or TOML file with payi_instrument()'s `config`.")
@click.option(
    "--instruments", multiple=True, help="Category to report; repeat for more than one.  [default: all]"
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def explain(url: str, method: str, config: Path | None, instruments: tuple[str, ...], as_json: bool) -> None:
    """Check whether requests to URL are reported, as what and why.

    If they aren't, say what to add to the configuration, with exit code 1. Without --config, the
    configuration of this environment counts.
    """
    with short_errors():
        mappings = _read_mappings(config) if config else _find_mappings()
        categories = check_instruments(set(instruments) or None)
        explanation = explain_url(url, method=method, mappings=mappings, instruments=categories)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(explanation)))
    else:
        click.echo(describe(explanation))
    raise SystemExit(not explanation.observed)


upstream_option = click.option(
    "--upstream",
    "upstreams",
    multiple=True,
    metavar="PROVIDER=URL",
    help="Where the service forwards a provider's requests, in place of its own address; repeatable.",
)


@cli.command(short_help="Run a program instrumented.", context_settings={"allow_interspersed_args": False})
@click.option("--config", type=FilePath(), help="TOML file with the configuration.")
@click.option("--offline", type=FilePath(), help="Write events to this file, without a key.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Property of all calls; repeatable.")
@click.option("--serve", "serves", is_flag=True, help="Report to a local service, which shows the calls.")
@upstream_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    config: Path | None,
    offline: Path | None,
    tags: tuple[str, ...],
    serves: bool,
    upstreams: tuple[str, ...],
    command: tuple[str, ...],
) -> None:
    """Run COMMAND and every Python process that it starts instrumented, without changing their code.

    For example: payi-transport run -- gunicorn app:app
    """
    if serves and offline is not None:
        raise Refusal("--serve and --offline exclude each other: events go to the service, or to a file")
    if upstreams and not serves:
        raise Refusal("--upstream is for the local service: add --serve, or leave it out")
    if serves:
        # The service takes any key.
        os.environ["PAYI_API_KEY"] = "local"
    with short_errors():
        environment = make_environment(os.environ, config=config, offline=offline, tags=tags)
        settings = check_settings(environment, lambda problem: click.echo(f"Warning: {problem}", err=True))
        if serves:
            run_beside = load_run_program(settings, upstreams)
            raise SystemExit(run_beside(command, environment, partial(click.echo, err=True)))
        replace_process(command, environment)


@cli.command(short_help="Check this environment.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def doctor(as_json: bool) -> None:
    """Check whether calls made in this environment are recorded, and whether their events arrive.

    The exit code is 1 if anything would keep events from arriving. To check what a program will find, put
    `payi-transport run` with its options in front.
    """
    findings = examine(os.environ)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(findings)))
    else:
        print_findings(findings, make_console())
    raise SystemExit(has_errors(findings))


@cli.group(name="config", short_help="Check a configuration file, or describe it.")
def config_group() -> None:
    """Check a configuration file, or print what one may hold."""


@config_group.command(short_help="Check a configuration file.")
@click.argument("file", type=FilePath())
def check(file: Path) -> None:
    """Check FILE, a TOML file with the configuration, and name the first thing that is wrong."""
    with short_errors():
        # The file alone, whatever the environment of this machine adds to it.
        settings = check_sources(load_sources(file, {}, lambda problem: None))
    for problem in find_doubts(settings):
        click.echo(f"Warning: {problem}", err=True)
    click.echo(f"{file} is valid.")


@config_group.command(short_help="Print the JSON Schema of the configuration.")
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors that check a file while it is written."""
    click.echo(json.dumps(make_json_schema(), indent=2))


@cli.command(short_help="See calls and costs on a page.")
@click.option("--file", type=FilePath(), help="The store.  [default: a file in your data folder]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8383,
    show_default=True,
    help="Port to listen on; 0 is any.",
)
@click.option(
    "--token", envvar="PAYI_SERVE_TOKEN", help="Key that every request needs.  [env: PAYI_SERVE_TOKEN]"
)
@click.option("--allow-host", "hosts", multiple=True, help="Name by which browsers call it; repeatable.")
@click.option(
    "--config",
    type=FilePath(),
    help="TOML file with prices, and hosts that the proxy may call.",
)
@upstream_option
@click.option("--strict", is_flag=True, help="Count repeated events twice, as Pay-i does.")
@click.option("--keep", metavar="DAYS", help="How long calls stay, such as 90d.  [default: forever]")
@click.option("--keep-content", metavar="DAYS", help="How long prompts and responses stay, such as 3d.")
@click.option(
    "--demo",
    "is_demo",
    is_flag=True,
    help="Fill the store with made-up calls. Without --file, it is temporary.",
)
@click.option("--forget-user", metavar="NAME", help="Forget this user, and do not serve.")
@click.option("--forget-account", metavar="NAME", help="Forget this account, and do not serve.")
def serve(**options: Any) -> None:
    """Start a service on this machine that takes events like Pay-i, and shows what they cost.

    Point programs there with PAYI_BASE_URL=http://127.0.0.1:8383 PAYI_API_KEY=local, or start one with
    `payi-transport run --serve -- COMMAND`. It is for development, tests, and small teams: it is no
    replacement for Pay-i.
    """
    with short_errors():
        raise SystemExit(load_serve()(options, click.echo))


@cli.command(short_help="Try it without a key or an account.")
@click.option(
    "--output",
    type=FilePath(),
    help="File for the captured calls; replaced if it exists.  [default: a new temporary file]",
)
def demo(output: Path | None) -> None:
    """Call a local provider with the OpenAI SDK and report what was captured.

    Needs no API key, no account, and no network.
    """
    try:
        # Imported here, because the other commands must work without the OpenAI SDK.
        from payi_transport.cli.demo import BUDGET, run_demo
    except ImportError:
        raise Refusal("The demo needs the OpenAI SDK: pip install 'payi-transport[demo]'") from None
    # Whoever ends the demo early has seen nothing of it.
    with short_errors(), ended_by_signals(code=1):
        run = run_demo(output)
        made, reading = read_report([str(run.file)], by="use_case")
    total = made.total.summary
    print_report(made, reading, make_console())
    # Without the price list, no call has a cost that a budget could count.
    stopped = (
        f"A budget of ${BUDGET} a day for each user stopped the next call of {run.stopped_user}:\n"
        f"  {run.refusal}\n"
        if run.refusal
        else ""
    )
    click.echo(
        f"\nCaptured {total.calls} calls of the OpenAI SDK in {len(made.groups)} use cases;"
        f" {total.errors} failed.\n"
        f"{stopped}"
        "Streams report no usage unless the request asks for it, so this library asked.\n"
        f"Nothing left this machine: the provider ran at {run.provider}, and the events went to a file.\n"
        f"\nFile: {run.file}\n"
        # Quoted, so that the line can be pasted even if the path has a space in it.
        f"Next: payi-transport report {shlex.quote(str(run.file))} --by user"
    )


for _command in FINOPS_COMMANDS:
    cli.add_command(_command)
