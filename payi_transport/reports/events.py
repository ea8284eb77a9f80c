"""Read events from files, spools, and the store of the local service, one at a time.

Whatever is read, memory stays the same, apart from 16 to 32 bytes for each event by which repeats are found.
A file that is named twice, or a spool and a file that have the same events, change nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from payi_transport.delivery.spool.segments import read_records
from payi_transport.errors import PayiError
from payi_transport.reports.items import Item, NotJson, iterate_items, split_line
from payi_transport.reports.local_store import NotAStore, is_store, iterate_store
from payi_transport.reports.repeats import Repeats
from payi_transport.reports.sources import find_files, is_spooled, open_file
from payi_transport.reports.stored_event import StoredEvent, read_event
from payi_transport.values.file_counts import FileCounts, read_counts

__all__ = ["EventReader", "read_events"]

_EXPECTED = (
    "expected events as offline_instrumentation writes them, JSON lines, or the store of payi-transport serve"
)
_RECORDS = 256
_BYTES = 8 << 20
# Progress is reported after so many events.
_STEP = 10_000


class EventReader:
    """Iterate over the events in files, once.

    `events` counts what was yielded, `skipped` the items that aren't events, and `repeats` the events that
    were read before. `counts` are those of what the files lack, as the programs that wrote them know it.
    """

    def __init__(
        self, sources: Iterable[str | Path], on_progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Prepare to read. `on_progress` gets the bytes that were read, and those of all files.

        Raises PayiError for a source without files.
        """
        self.events = 0
        self.skipped = 0
        self.repeats = 0
        # Called with each event that was read before.
        self.on_repeat: Callable[[StoredEvent], None] = lambda event: None
        self.files = find_files(sources)
        self.counts = FileCounts()
        for path in self.files:
            self.counts = self.counts.plus(read_counts(path))
        self._on_progress = on_progress
        self._sizes = [path.stat().st_size if path.is_file() else 0 for path in self.files]

    def __iter__(self) -> Iterator[StoredEvent]:
        """Yield events in the order of the files. Raises PayiError for a file that can't be read."""
        seen = Repeats()
        for event in self._read():
            # Without an id or a time, nothing says that two events are the same call.
            if event.provider_response_id and event.event_timestamp and seen.is_repeat(*_identify(event)):
                self.repeats += 1
                self.on_repeat(event)
            else:
                self.events += 1
                yield event

    def _read(self) -> Iterator[StoredEvent]:
        for number, path in enumerate(self.files):
            before = sum(self._sizes[:number])
            try:
                for item in self._read_file(path, before):
                    event = read_event(item)
                    if event is None:
                        yield from self._read_several(item)
                    else:
                        yield event
            except (OSError, EOFError, zlib.error) as exc:
                reason = getattr(exc, "strerror", None) or exc
                raise PayiError(f"{path} can't be read: {reason}") from None
            except (NotJson, NotAStore) as exc:
                raise PayiError(f"{path} isn't a file of events: {exc}; {_EXPECTED}") from None

    def _read_several(self, item: Item) -> Iterator[StoredEvent]:
        """Yield the events of a line that isn't an event by itself, but may have several."""
        for part in split_line(item) if isinstance(item, bytes) else [item]:
            event = read_event(part)
            if event is None:
                self.skipped += 1
            else:
                yield event

    def _read_file(self, path: Path, before: int) -> Iterator[Item]:
        if is_spooled(path):
            return _read_spooled(path)
        return iterate_store(path) if is_store(path) else self._read_items(path, before)

    def _read_items(self, path: Path, before: int) -> Iterator[Item]:
        with open_file(path) as (file, measured):
            for number, item in enumerate(iterate_items(file), 1):
                yield item
                if self._on_progress is not None and number % _STEP == 0 and measured.seekable():
                    self._on_progress(before + measured.tell(), sum(self._sizes))


def read_events(*sources: str | Path) -> EventReader:
    """Return the events in files, directories, and patterns. Raises PayiError, also while they are read."""
    return EventReader(sources)


def _read_spooled(path: Path) -> Iterator[Item]:
    start, end = 0, path.stat().st_size
    while start < end:
        records, start = read_records(path, start, end, _RECORDS, _BYTES)
        yield from records


def _identify(event: StoredEvent) -> tuple[object, ...]:
    """Return what no two calls have in common. An id alone is not enough: some servers count up from 0."""
    units = sorted((name, unit.input, unit.output) for name, unit in event.units.items())
    # In ms, because the store of the local service has no more digits.
    moment = event.event_timestamp and int(event.event_timestamp.timestamp() * 1000)
    return event.provider_response_id, moment, event.category, event.resource, event.http_status_code, units
