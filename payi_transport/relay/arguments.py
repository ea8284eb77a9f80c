"""What the commands need from the configuration: the login at NATS, and where events go."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.config.schema import Settings
from payi_transport.config.sources import load_sources
from payi_transport.errors import PayiConfigError
from payi_transport.pipeline.assembly import find_account
from payi_transport.sinks.configured import PAYI, RELAY_SINKS, find_sink_section
from payi_transport.sinks.protocol import Sink

__all__ = ["find_settings", "find_sink_maker", "list_sinks"]


def find_settings(
    config: Path | None, warn: Callable[[str], None], **keys: Any
) -> tuple[Settings, NatsSettings]:
    """Return the settings from file and environment; `keys` of the section `nats` that are not None win.

    Raises PayiConfigError.
    """
    sources = load_sources(config, os.environ, warn)
    section = sources.config.get("nats")
    given = {name: value for name, value in keys.items() if value is not None}
    sources.config["nats"] = {**(section if isinstance(section, Mapping) else {}), **given}
    settings = sources.check()
    return settings, settings.nats or NatsSettings()


def list_sinks() -> list[str]:
    """Return the names of what a relay may deliver to."""
    return [PAYI, *(kind.config_section for kind in RELAY_SINKS)]


def find_sink_maker(to: str, settings: Settings, batch: int) -> tuple[Callable[[], Sink], str]:
    """Return what makes a sink by its name, and a word for where it delivers to. Raises PayiConfigError."""
    if to != PAYI:
        # OpenTelemetry's own variables may say all that is needed.
        section = find_sink_section(to, settings) if to == "otel" else getattr(settings, to)
        if section is None:
            raise PayiConfigError(f"--to {to}: needs the section {to!r} in the configuration")
        [kind] = [kind for kind in RELAY_SINKS if kind.config_section == to]
        # Once now, so that what is wrong with it is an error at the start.
        kind.from_section(section).close()
        return lambda: kind.from_section(section), to
    account = find_account(None)
    if not account.api_key:
        raise PayiConfigError("No Pay-i API key, so a relay can't deliver: set the variable PAYI_API_KEY")
    # The client of Pay-i's API, which the other sinks don't need.
    from payi_transport.sinks.payi import PayiSink

    return lambda: PayiSink(account, batch_limit=batch), str(account.base_url)


def check_servers(servers: Sequence[str]) -> list[str] | None:
    """Return the addresses of an option, which may hold several with commas; None for none."""
    return [part.strip() for server in servers for part in server.split(",") if part.strip()] or None
