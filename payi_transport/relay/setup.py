"""Make the streams and the consumer that producers and relays use: `payi-transport nats init`.

The stream of events is a work queue on disk that refuses what it has no room for. Its consumer
is what all relays take from. What no relay can ever deliver goes to a stream of its own, so that it takes no
room from events that can be.

Running it again changes nothing. What is there with other settings is named, and changed only on request:
somebody may have chosen them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any, NamedTuple

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.errors import PayiConfigError
from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_stream import JetStreamError, call_api

__all__ = ["CONSUMER", "REJECTED_STREAM", "REJECTED_SUBJECT", "Limits", "Step", "set_up"]

CONSUMER = "payi-relay"
REJECTED_STREAM, REJECTED_SUBJECT = "PAYI_REJECTED", "payi.rejected"
_NANOSECONDS = 1_000_000_000
_DAY = 24 * 60 * 60
_CONSUMER_NOT_FOUND, _STREAM_NOT_FOUND = 10014, 10059
_NO_ROOM = 10047
_TIMES = ("max_age", "duplicate_window", "ack_wait")
# A server refuses to change these. The stream would have to be deleted first, with its events.
_FIXED = frozenset({"storage", "retention"})
_SETUP_TIMEOUT = 10.0


class Limits(NamedTuple):
    """What the streams may hold, and for how long. Seconds, bytes. `replicas` None: as many as fit."""

    max_age: float = 7 * _DAY
    max_bytes: int = 10 * 1024**3
    duplicate_window: float = 120.0
    ack_wait: float = 60.0
    replicas: int | None = None


class Step(NamedTuple):
    """What was found or done about a stream or a consumer: "made", "as expected", "changed", or "differs"."""

    what: str
    result: str
    text: str

    def __str__(self) -> str:
        return f"{self.what}: {self.result}" + (f" ({self.text})" if self.text else "")


class _JetStreamObject(NamedTuple):
    """A stream or a consumer: its requests of the API, and its settings."""

    name: str
    info: str
    create: str
    update: str
    config: dict[str, Any]

    def wrap(self, config: Mapping[str, Any], stream: str) -> dict[str, Any]:
        """Return the body of a request that makes or changes it."""
        if "durable_name" in self.config:
            return {"stream_name": stream, "config": config}
        return {**config}


def set_up(
    settings: NatsSettings, limits: Limits, *, dry_run: bool = False, update: bool = False
) -> Iterator[Step]:
    """Make what is missing, and yield what became of each thing.

    With `dry_run` nothing is made or changed, and the steps say what would be. Raises PayiConfigError if
    JetStream refuses something, and NatsError if it can't be reached.
    """
    connection = NatsConnection(settings, "payi-transport nats init")
    try:
        connection.open(monotonic() + _SETUP_TIMEOUT)
        replicas = limits.replicas or (3 if connection.is_clustered else 1)
        for thing in _list_things(settings, limits, replicas):
            yield _set_up_one(connection, settings.stream, thing, dry_run=dry_run, update=update)
    finally:
        connection.drop()


def _list_things(settings: NatsSettings, limits: Limits, replicas: int) -> Iterator[_JetStreamObject]:
    stream = settings.stream
    common = {"storage": "file", "num_replicas": replicas, "max_msgs": -1}
    config = {
        **common,
        "name": stream,
        "subjects": [settings.subject],
        "retention": "workqueue",
        # A full stream refuses, and the events wait where they are counted.
        "discard": "new",
        "max_bytes": limits.max_bytes,
        "max_age": _to_nanoseconds(limits.max_age),
        "duplicate_window": _to_nanoseconds(min(limits.duplicate_window, limits.max_age)),
    }
    yield _make_stream(stream, config)
    rejected = {
        **common,
        "name": REJECTED_STREAM,
        "subjects": [REJECTED_SUBJECT],
        "retention": "limits",
        "discard": "old",
        "max_bytes": max(limits.max_bytes // 10, 1024 * 1024),
        "max_age": _to_nanoseconds(4 * limits.max_age),
        "duplicate_window": _to_nanoseconds(min(limits.duplicate_window, limits.max_age)),
    }
    yield _make_stream(REJECTED_STREAM, rejected)
    yield _make_consumer(stream, limits.ack_wait)


def _make_stream(name: str, config: dict[str, Any]) -> _JetStreamObject:
    info, create, update = (f"STREAM.{verb}.{name}" for verb in ("INFO", "CREATE", "UPDATE"))
    return _JetStreamObject(f"stream {name}", info, create, update, config)


def _make_consumer(stream: str, ack_wait: float) -> _JetStreamObject:
    """Return the consumer of a stream, which all of its relays share."""
    config = {
        "durable_name": CONSUMER,
        "ack_policy": "explicit",
        "deliver_policy": "all",
        "ack_wait": _to_nanoseconds(ack_wait),
        # An event is tried until it is too old: what is refused for good is not given back.
        "max_deliver": -1,
        # Over all relays: what they hold, and what they gave back with a delay.
        "max_ack_pending": 200_000,
        # How many requests of relays may wait for events.
        "max_waiting": 4096,
    }
    create = f"CONSUMER.DURABLE.CREATE.{stream}.{CONSUMER}"
    return _JetStreamObject(
        f"consumer {CONSUMER}", f"CONSUMER.INFO.{stream}.{CONSUMER}", create, create, config
    )


def _set_up_one(
    connection: NatsConnection, stream: str, thing: _JetStreamObject, *, dry_run: bool, update: bool
) -> Step:
    found = _find(connection, thing)
    would = "would be " if dry_run else ""
    if found is None:
        if not dry_run:
            _call(connection, thing.create, thing.wrap(thing.config, stream))
        return Step(thing.name, f"{would}made", _describe(thing.config))
    differences = {
        name: (found.get(name), wanted)
        for name, wanted in thing.config.items()
        if not _is_as_wanted(name, found.get(name), wanted)
    }
    if not differences:
        return Step(thing.name, "as expected", "")
    text = ", ".join(
        f"{name} is {_show(name, has)}, expected {_show(name, wanted)}"
        for name, (has, wanted) in differences.items()
    )
    fixed = _FIXED & differences.keys()
    if not update or fixed:
        advice = "which can't be changed: delete it first" if fixed else "pass --update to change it"
        return Step(thing.name, "differs", f"{text}; {advice}")
    if not dry_run:
        changed = {name: wanted for name, (_, wanted) in differences.items()}
        if "subjects" in changed:
            changed["subjects"] = sorted({*changed["subjects"], *found.get("subjects", ())})
        _call(connection, thing.update, thing.wrap({**found, **changed}, stream))
    return Step(thing.name, f"{would}changed", text)


def _is_as_wanted(name: str, found: object, wanted: Any) -> bool:
    # Further subjects are fine.
    if name == "subjects" and isinstance(found, list):
        return set(wanted) <= set(found)
    return bool(found == wanted)


def _find(connection: NatsConnection, thing: _JetStreamObject) -> dict[str, Any] | None:
    try:
        found = call_api(connection, thing.info, {}, monotonic() + _SETUP_TIMEOUT)
    except JetStreamError as exc:
        if exc.code in (_STREAM_NOT_FOUND, _CONSUMER_NOT_FOUND):
            return None
        raise PayiConfigError(f"{thing.name}: {exc}") from None
    config = found.get("config")
    return config if isinstance(config, dict) else {}


def _call(connection: NatsConnection, request: str, fields: Mapping[str, Any]) -> None:
    try:
        call_api(connection, request, fields, monotonic() + _SETUP_TIMEOUT)
    except JetStreamError as exc:
        hint = "; choose a smaller --max-bytes or --replicas" if exc.code == _NO_ROOM else ""
        raise PayiConfigError(f"JetStream at {connection.address} refuses {request}: {exc}{hint}") from None


def _describe(config: Mapping[str, Any]) -> str:
    words = ("subjects", "retention", "discard", "num_replicas", "max_bytes", *_TIMES)
    return ", ".join(f"{word} {_show(word, config[word])}" for word in words if word in config)


def _show(name: str, value: object) -> str:
    if name in _TIMES and isinstance(value, int):
        return f"{value // _NANOSECONDS} s"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _to_nanoseconds(seconds: float) -> int:
    return int(seconds * _NANOSECONDS)
