"""The sinks that `config` can ask for: each states its section of the config and builds itself from it.

A new one is its own module, its section in `config/schema.py`, and its entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from payi_transport.config.schema import Settings
from payi_transport.errors import PayiConfigError
from payi_transport.sinks.offline import OfflineSink
from payi_transport.sinks.protocol import Sink

__all__ = ["CONFIGURED_SINKS", "ConfiguredSink", "make_configured_sink"]


class ConfiguredSink(Protocol):
    """The class of a sink that has a section in `config`."""

    @property
    def config_section(self) -> str: ...

    def from_section(self, section: Any, /) -> Sink: ...


class _Late(NamedTuple):
    """A sink whose module is imported where it is used: few programs do, and all would wait for it."""

    config_section: str
    load: Callable[[], ConfiguredSink]

    def from_section(self, section: Any, /) -> Sink:
        return self.load().from_section(section)


def _load_nats() -> ConfiguredSink:
    from payi_transport.sinks.nats import NatsSink

    return NatsSink


CONFIGURED_SINKS: tuple[ConfiguredSink, ...] = (OfflineSink, _Late("nats", _load_nats))


def make_configured_sink(
    settings: Settings, sinks: Sequence[ConfiguredSink] = CONFIGURED_SINKS
) -> Sink | None:
    """Return the sink whose section the settings have, None where they have none.

    Raises PayiConfigError for more than one, and for a section that its sink can't use.
    """
    requested = {
        sink.config_section: sink for sink in sinks if getattr(settings, sink.config_section) is not None
    }
    # The worker has one sink, whose receipt decides what becomes of an event.
    if len(requested) > 1:
        raise PayiConfigError(f"config: expected one sink, got the sections {', '.join(requested)}")
    for section, sink in requested.items():
        return sink.from_section(getattr(settings, section))
    return None
