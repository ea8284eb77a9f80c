"""The commands for fleets: `payi-transport nats init` and `payi-transport relay`."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from payi_transport.cli.short_errors import short_errors
from payi_transport.errors import PayiConfigError
from payi_transport.relay.arguments import check_servers, find_settings, find_sink_maker, list_sinks
from payi_transport.relay.relay import Relay, RelayOptions
from payi_transport.relay.setup import REJECTED_STREAM, Limits, set_up
from payi_transport.relay.worker import Options
from payi_transport.sinks.nats_auth import check_login
from payi_transport.sinks.nats_servers import NatsError

__all__ = ["nats", "relay"]

_CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), help="TOML file with the configuration, for how to log in."
)
_SUBJECT = click.option("--subject", help="Subject of the events.  [default: payi.events]")
_STREAM = click.option("--stream", help="Stream of the events.  [default: PAYI]")


def _warn(problem: str) -> None:
    click.echo(f"Warning: {problem}", err=True)


@click.group(short_help="Prepare NATS for a fleet.")
def nats() -> None:
    """Prepare NATS JetStream for events."""


@nats.command(short_help="Make the streams and the consumer.")
@click.option("--server", "servers", multiple=True, metavar="URL", help="Address of NATS; repeatable.")
@_STREAM
@_SUBJECT
@_CONFIG
@click.option("--replicas", type=click.IntRange(1, 5), help="Copies.  [default: 3 in a cluster, else 1]")
@click.option(
    "--max-age", type=click.FloatRange(0, min_open=True), default=7.0, show_default=True, help="Days."
)
@click.option(
    "--max-bytes", type=click.IntRange(1024), default=Limits().max_bytes, show_default=True, help="Bytes."
)
@click.option(
    "--duplicate-window",
    type=click.FloatRange(0.1),
    default=Limits().duplicate_window,
    show_default=True,
    help="Seconds in which what is published twice is stored once.",
)
@click.option(
    "--ack-wait",
    type=click.FloatRange(0.1),
    default=Limits().ack_wait,
    show_default=True,
    help="Seconds until events of a relay that is gone go to another one.",
)
@click.option("--update", is_flag=True, help="Change what is there with other settings.")
@click.option("--dry-run", is_flag=True, help="Change nothing, and say what would be done.")
def init(
    servers: tuple[str, ...],
    stream: str | None,
    subject: str | None,
    config: Path | None,
    replicas: int | None,
    max_age: float,
    max_bytes: int,
    duplicate_window: float,
    ack_wait: float,
    update: bool,
    dry_run: bool,
) -> None:
    """Make the stream of events, that of rejected ones, and the consumer of the relays.

    What is there stays as it is. The exit code is 1 if that differs from what was asked for.
    """
    limits = Limits(max_age * 24 * 60 * 60, max_bytes, duplicate_window, ack_wait, replicas)
    with short_errors(NatsError):
        _, settings = find_settings(
            config, _warn, servers=check_servers(servers), stream=stream, subject=subject
        )
        check_login(settings)
        steps = list(set_up(settings, limits, dry_run=dry_run, update=update))
    for step in steps:
        click.echo(str(step))
    raise SystemExit(any(step.result == "differs" for step in steps))


@click.command(short_help="Deliver events from NATS to Pay-i.")
@click.option("--from", "servers", multiple=True, metavar="URL", help="Address of NATS; repeatable.")
@_STREAM
@_CONFIG
@click.option(
    "--to", type=click.Choice(list_sinks()), default="payi", show_default=True, help="Where events go."
)
@click.option(
    "--parallel", type=click.IntRange(1, 64), default=4, show_default=True, help="Calls of Pay-i at a time."
)
@click.option(
    "--batch", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="Events a call."
)
@click.option(
    "--linger",
    type=click.FloatRange(0.05, 3600),
    default=1.0,
    show_default=True,
    help="Seconds that a batch may take to fill.",
)
@click.option("--listen", metavar="HOST:PORT", help="Serve /healthz, /readyz, and /metrics here.")
@click.option(
    "--grace",
    type=click.FloatRange(0),
    default=25.0,
    show_default=True,
    help="Seconds to finish after SIGTERM.",
)
def relay(
    servers: tuple[str, ...],
    stream: str | None,
    config: Path | None,
    to: str,
    parallel: int,
    batch: int,
    linger: float,
    listen: str | None,
    grace: float,
) -> None:
    """Take events from a stream of NATS JetStream and deliver them, until SIGTERM.

    Start as many as needed: they share the work. `payi-transport nats init` makes the stream.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logger = logging.getLogger("payi.relay")
    logger.setLevel(logging.INFO)
    with short_errors(NatsError):
        settings, nats_settings = find_settings(config, _warn, servers=check_servers(servers), stream=stream)
        check_login(nats_settings)
        if nats_settings.stream == REJECTED_STREAM:
            # What a relay rejects would come back to it, forever.
            raise PayiConfigError(f"--stream: {REJECTED_STREAM} holds what no relay can deliver")
        make_sink, goal = find_sink_maker(to, settings, batch)
        options = RelayOptions(parallel, grace, listen, Options(batch=batch, linger=linger))
        running = Relay(nats_settings, make_sink, options, logger)
    running.stop_at_signals()
    logger.info("relays events of the stream %s to %s", nats_settings.stream, goal)
    running.run()
    counts = running.sum_counts()
    logger.info("ends after %s events delivered, %s held", counts["delivered"], counts["held"])
