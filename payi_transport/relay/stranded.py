"""Read from the stream itself what its consumer will never deliver.

A server keeps a stream and the state of its consumer in different files. After `kill -9` or a loss of
power, the stream may be older than the state of its consumer, so messages that were acknowledged are in it
again. The consumer considers them acknowledged and never delivers them, and a work queue would keep them
until they are too old.

Such messages are delivered as repeats, because Pay-i may have them, and deleted by their number. They count
as stranded once the ack floor has been above them for a whole interval, since a cluster removes a message a
moment after its acknowledgement.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from time import monotonic
from typing import Any

import msgspec

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.relay.consumer import Held
from payi_transport.relay.setup import CONSUMER
from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_protocol import Message
from payi_transport.sinks.nats_stream import JetStreamError, call_api

__all__ = ["Sweep", "read_stranded"]

_SWEEP_INTERVAL = 10.0
_NANOSECONDS = 1_000_000_000
_NO_MESSAGE = 10037
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


class Sweep:
    """When to look for stranded messages, and up to which number. All workers of a relay share it."""

    def __init__(self, interval: float = _SWEEP_INTERVAL) -> None:
        self._interval = interval
        self._lock = threading.Lock()
        self._due = 0.0
        self._floor = 0

    def start(self) -> bool:
        """Return True to one worker in each interval."""
        with self._lock:
            now = monotonic()
            if now < self._due:
                return False
            self._due = now + self._interval
            return True

    def confirm(self, floor: int) -> int:
        """Return the number up to which everything was acknowledged one interval ago, and still is."""
        with self._lock:
            confirmed, self._floor = min(self._floor, floor), floor
        return confirmed


class _Stored(msgspec.Struct):
    """A message as the API of JetStream returns it. `data` and `hdrs` are base64 there."""

    seq: int
    subject: str
    time: str = ""
    data: bytes = b""
    hdrs: bytes = b""


def read_stranded(
    connection: NatsConnection, settings: NatsSettings, sweep: Sweep, most: int, most_bytes: int
) -> Iterator[list[Held]]:
    """Yield batches of stranded messages. Raises JetStreamError and NatsError."""
    sequence, last = _find_range(connection, settings, sweep)
    while sequence <= last:
        batch: list[Held] = []
        size = 0
        while sequence <= last and len(batch) < most and size < most_bytes:
            held = _read_message(connection, settings, sequence)
            if held is None or held.sequence > last:
                sequence = last + 1
                break
            batch.append(held)
            size += len(held.message.body)
            sequence = held.sequence + 1
        if batch:
            yield batch


def _find_range(connection: NatsConnection, settings: NatsSettings, sweep: Sweep) -> tuple[int, int]:
    """Return the numbers between which every message is stranded; the second is smaller if none is."""
    # Read the consumer first: what is removed between the calls is above its ack floor.
    consumer = _call(connection, settings, f"CONSUMER.INFO.{settings.stream}.{CONSUMER}")
    stream = _call(connection, settings, f"STREAM.INFO.{settings.stream}")
    confirmed = sweep.confirm(_find_int(consumer, "ack_floor", "stream_seq"))
    if not _is_only_consumer(stream, consumer) or not _find_int(stream, "state", "messages"):
        return 1, 0
    return _find_int(stream, "state", "first_seq"), confirmed


def _is_only_consumer(stream: Mapping[str, Any], consumer: Mapping[str, Any]) -> bool:
    """Return whether the stream is a work queue of which no other consumer takes a share."""
    config, settings = stream.get("config"), consumer.get("config")
    return (
        isinstance(config, dict)
        and isinstance(settings, dict)
        and config.get("retention") == "workqueue"
        and _find_int(stream, "state", "consumer_count") == 1
        and not settings.get("filter_subject")
        and not settings.get("filter_subjects")
    )


def _find_int(fields: Mapping[str, Any], group: str, name: str) -> int:
    found = fields.get(group)
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, int) else 0


def _call(
    connection: NatsConnection, settings: NatsSettings, request: str, **fields: object
) -> dict[str, Any]:
    return call_api(connection, request, fields, monotonic() + settings.timeout)


def _read_message(connection: NatsConnection, settings: NatsSettings, sequence: int) -> Held | None:
    """Return the message of a number, or the next one after it; None if there is none."""
    request = f"STREAM.MSG.GET.{settings.stream}"
    try:
        found = _call(connection, settings, request, seq=sequence, next_by_subj=">").get("message")
    except JetStreamError as exc:
        if exc.code == _NO_MESSAGE:
            return None
        raise
    try:
        stored = msgspec.convert(found, _Stored)
    except msgspec.ValidationError:
        raise JetStreamError(0, f"message {sequence} can't be read") from None
    message = Message(stored.subject, "", stored.hdrs, stored.data)
    return Held(message, stored.seq, _read_time(stored.time), may_repeat=True)


def _read_time(text: str) -> int:
    """Return nanoseconds since 1970, 0 for what is not a time in UTC."""
    found = _TIME.fullmatch(text)
    try:
        seconds = datetime.fromisoformat(f"{found[1]}+00:00").timestamp() if found else 0
    except ValueError:
        return 0
    return int(seconds) * _NANOSECONDS + int((found[2] or "").ljust(9, "0")) if found else 0
