"""The sink that writes Parquet files to a bucket, for a warehouse.

The paths are `date=YYYY-MM-DD/hour=HH/part-<process>-<sequence>.parquet`, by the time of the events in UTC,
so a late event goes to its own day. Delivered means that an event is in the bucket: nothing waits here for a
schedule. Instead, a part is written again with what has come since, under the same path, until it is `every`
seconds old or large. So a warehouse gets few files of a good size, each complete at any time, and a part that
is sent twice replaces itself. Between two deliveries `Receipt.wait` asks for a pause, which keeps the number
of requests low, and which is no longer than the queue in memory can bear.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

from payi_transport.config.schema import BucketSettings
from payi_transport.errors import PayiConfigError
from payi_transport.runtime.clock import monotonic
from payi_transport.runtime.untraced import suppress_opentelemetry
from payi_transport.sinks.bucket_stores import Store, open_store
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event

__all__ = ["BucketSink"]

# A part is complete with so many events, or bytes as they are written.
_MAX_EVENTS, _MAX_BYTES = 50_000, 64 * 1024 * 1024
# So many events at once are a part by themselves, and more may come at once.
_LARGE_BATCH = 5000
# How often a part is written until it is complete, and the longest pause. Seconds. The queue in memory has
# room for more events than a process makes in that time.
_WRITES, _LONGEST_WAIT = 20, 20.0


class _Part:
    """A file that grows: its path, and the events that are in it."""

    def __init__(self, path: str, now: float) -> None:
        self.path = path
        self.began = now
        self.events: list[Event] = []
        self.size = 0
        # The last write failed. It may have come through, so the next one has to replace it.
        self.has_failed = False

    def is_complete(self, now: float, every: float) -> bool:
        if self.has_failed:
            return False
        return now - self.began >= every or len(self.events) >= _MAX_EVENTS or self.size >= _MAX_BYTES


class BucketSink:
    """Write to `store`, each part until it is `every` seconds old. Seconds by `clock`."""

    config_section = "bucket"
    batch_limit = _MAX_EVENTS

    @classmethod
    def from_section(cls, section: BucketSettings) -> BucketSink:
        """Return the sink that a section of `config` asks for. Raises PayiConfigError."""
        try:
            # Extra packages, which also take their time to import.
            import pyarrow  # noqa: F401
        except ImportError:
            raise PayiConfigError(
                'config.bucket: Parquet needs more packages: pip install "payi-transport[bucket]"'
            ) from None
        return cls(open_store(section), section.every)

    def __init__(self, store: Store, every: float, clock: Callable[[], float] = monotonic) -> None:
        self._store = store
        self._every = every
        self._clock = clock
        self._start()

    def _start(self) -> None:
        # Random, because processes on many machines have the same id.
        self._process = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._sequence = 0
        # By the hour of their events.
        self._parts: dict[str, _Part] = {}

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """Write each event to the part of its hour."""
        hours: dict[str, list[int]] = {}
        for index, event in enumerate(batch):
            hours.setdefault(_find_folder(event.event_timestamp), []).append(index)
        rejected = _find_unfit(batch)
        retry: list[int] = []
        problem = None
        sent = 0
        for folder, indexes in hours.items():
            fit = [index for index in indexes if index not in rejected]
            try:
                sent += self._write(folder, [batch[index] for index in fit])
            # Whatever a store raises: each kind has its own errors. None quotes what is in a file.
            except Exception as exc:
                retry += fit
                problem = f"Could not write to the bucket ({type(exc).__name__}: {exc})"
        self._forget_complete()
        wait = None if len(batch) >= _LARGE_BATCH else min(self._every / _WRITES, _LONGEST_WAIT)
        # A part that may have been written is written again under the same path, so nothing is uncertain.
        return Receipt(retry=sorted(retry), rejected=rejected, problem=problem, wait=wait, bytes_sent=sent)

    def _write(self, folder: str, events: list[Event]) -> int:
        if not events:
            return 0
        part = self._parts.get(folder)
        if part is None:
            part = _Part(f"{folder}/part-{self._process}-{self._sequence:06d}.parquet", self._clock())
            self._sequence += 1
            # Before it is written, so that a write that fails uses the same path again.
            self._parts[folder] = part
        data = _encode([*part.events, *events])
        part.has_failed = True
        with suppress_opentelemetry():
            self._store.put(part.path, data)
        part.has_failed = False
        part.events += events
        part.size = len(data)
        return len(data)

    def _forget_complete(self) -> None:
        now = self._clock()
        complete = [folder for folder, part in self._parts.items() if part.is_complete(now, self._every)]
        for folder in complete:
            del self._parts[folder]

    def fork(self) -> None:
        self._store.drop()
        self._start()

    def close(self) -> None:
        """Forget the parts: all of them are complete files."""
        self._store.drop()
        self._parts.clear()


def _find_folder(moment: datetime | None) -> str:
    # An event without a time belongs to now.
    utc = (moment or datetime.now(timezone.utc)).astimezone(timezone.utc)
    return f"date={utc:%Y-%m-%d}/hour={utc:%H}"


def _find_unfit(batch: Sequence[Event]) -> dict[int, str]:
    """Return the events that have no place in the schema, such as one with a text that is not Unicode."""
    from payi_transport.sinks.bucket_schema import make_table

    def is_unfit(events: Sequence[Event]) -> bool:
        try:
            make_table(events)
        # Of pyarrow and of Python: too large, of another type, not encodable.
        except (ValueError, TypeError, OverflowError):
            return True
        return False

    if not is_unfit(batch):
        return {}
    return {index: "schema" for index, event in enumerate(batch) if is_unfit([event])}


def _encode(events: Sequence[Event]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    from payi_transport.sinks.bucket_schema import make_table

    output: Any = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(make_table(events), output, compression="zstd")
    data: bytes = output.getvalue().to_pybytes()
    return data
