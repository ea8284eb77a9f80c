"""The sinks that `config` can ask for: each states its section of the config and builds itself from it.

A new one is its own module, its section in `config/schema.py`, and its entry here.

Without `config.sinks`, each section that is there is a sink. Pay-i is one too, unless another one takes its
place: the `sink` argument, or a section that `replaces_payi`. With `config.sinks`, exactly the sinks named
there get the events, and those of the argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, get_type_hints

import msgspec

from payi_transport.config.expected import find_section
from payi_transport.config.schema import Section, Settings
from payi_transport.errors import PayiConfigError
from payi_transport.sinks.offline import OfflineSink
from payi_transport.sinks.protocol import Sink
from payi_transport.values.near_names import find_near
from payi_transport.values.shown import show

__all__ = [
    "CONFIGURED_SINKS",
    "PAYI",
    "RELAY_SINKS",
    "ConfiguredSink",
    "find_sink_names",
    "find_sink_section",
    "make_configured_sink",
]

# The name of Pay-i among sinks.
PAYI = "payi"


class ConfiguredSink(Protocol):
    """The class of a sink that has a section in `config`."""

    @property
    def config_section(self) -> str: ...

    def from_section(self, section: Any, /) -> Sink: ...


class _Late(msgspec.Struct, frozen=True):
    """A sink whose module is imported where it is used: few programs do, and all would wait for it."""

    config_section: str
    load: Callable[[], ConfiguredSink]

    def from_section(self, section: Any, /) -> Sink:
        return self.load().from_section(section)


def _load_nats() -> ConfiguredSink:
    from payi_transport.sinks.nats import NatsSink

    return NatsSink


def _load_bucket() -> ConfiguredSink:
    from payi_transport.sinks.bucket import BucketSink

    return BucketSink


def _load_otel() -> ConfiguredSink:
    with _otel_required():
        from payi_transport.sinks.otel.sink import OtelSink
    return OtelSink


def _load_relayed_spans() -> ConfiguredSink:
    with _otel_required():
        from payi_transport.sinks.otel.relayed import RelayedSpans
    return RelayedSpans


@contextmanager
def _otel_required() -> Iterator[None]:
    try:
        yield
    except ImportError as exc:
        raise PayiConfigError(
            f'config.otel: OpenTelemetry is missing ({exc}); run: pip install "payi-transport[otel]"'
        ) from None


CONFIGURED_SINKS: tuple[ConfiguredSink, ...] = (
    OfflineSink,
    _Late("nats", _load_nats),
    _Late("bucket", _load_bucket),
    _Late("otel", _load_otel),
)
# What a relay delivers to. Events come to it from NATS, and without their calls.
RELAY_SINKS: tuple[ConfiguredSink, ...] = (
    OfflineSink,
    _Late("bucket", _load_bucket),
    _Late("otel", _load_relayed_spans),
)


def find_sink_names(
    settings: Settings,
    named: Sequence[str] = (),
    *,
    is_given: bool = False,
    sinks: Sequence[ConfiguredSink] = CONFIGURED_SINKS,
) -> list[str]:
    """Return the names of the sinks to make: "payi" first, if it is one, and then names of sections.

    `named` are those that the `sink` argument names, and `is_given` says that there is such an argument.
    Raises PayiConfigError for a name that is not one, and if there would be no sink at all.
    """
    known = [sink.config_section for sink in sinks]
    if settings.sinks is not None:
        _check_names("config.sinks", settings.sinks, known)
        names = [*settings.sinks]
        if not names and not is_given:
            raise PayiConfigError(
                f"config.sinks: expected at least one of {', '.join([PAYI, *known])}, got []"
            )
    else:
        sections = {name: section for name in known if (section := getattr(settings, name)) is not None}
        is_replaced = is_given or any(section.replaces_payi for section in sections.values())
        names = [*sections] if is_replaced else [PAYI, *sections]
    _check_names("sink", named, known)
    # Pay-i first, because the first sink is the one whose responses matter.
    return sorted(dict.fromkeys([*names, *named]), key=lambda name: name != PAYI)


def _check_names(place: str, names: Sequence[str], known: Sequence[str]) -> None:
    accepted = [PAYI, *known]
    for name in names:
        if name not in accepted:
            near = find_near(name, accepted)
            hint = f" (did you mean {near!r}?)" if near else ""
            raise PayiConfigError(
                f"{place}: unknown sink {show(name)}{hint}; accepted: {', '.join(accepted)}"
            )


def make_configured_sink(
    name: str, settings: Settings, sinks: Sequence[ConfiguredSink] = CONFIGURED_SINKS
) -> Sink:
    """Return the sink with the section `name`, whose keys have their defaults if the settings lack it.

    Raises PayiConfigError for a section that its sink can't use.
    """
    [kind] = [sink for sink in sinks if sink.config_section == name]
    return kind.from_section(find_sink_section(name, settings))


def find_sink_section(name: str, settings: Settings) -> Section:
    """Return the section of a sink, with defaults if the settings lack it.

    Raises PayiConfigError for a sink that needs one.
    """
    return getattr(settings, name) or _make_default_section(name, type(settings))


def _make_default_section(name: str, schema: type[Settings]) -> Section:
    section = find_section(get_type_hints(schema, include_extras=True)[name])
    try:
        return msgspec.convert({}, section)
    except msgspec.ValidationError as exc:
        raise PayiConfigError(f"config.sinks: {name!r} needs the section config.{name} ({exc})") from None
