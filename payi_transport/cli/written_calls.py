"""What calls that were written to files on this machine say about what is recorded, for `doctor`.

Only a program knows which requests it didn't record, so this can be known where its events went to a file:
the counts beside it have what became no event, and events say which of their units and fields are missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from payi_transport.config.schema import Settings
from payi_transport.decode.missing_fields import read_missing_fields
from payi_transport.decode.missing_units import MISSING
from payi_transport.errors import PayiError
from payi_transport.reports.events import read_events
from payi_transport.reports.formats import say_count
from payi_transport.values.names import UNITS_PROPERTY

__all__ = ["examine_written"]

# What was looked at, how it is, and the details.
_Row = tuple[str, Literal["ok", "note", "warning"], str]
_MAX_HOSTS = 5


def examine_written(settings: Settings) -> Iterator[_Row]:
    """Return findings about the events in the file and the spool that the settings name, if they have any."""
    file = settings.offline_instrumentation and settings.offline_instrumentation.file_name
    files = [name for name in (file, settings.delivery.spool_directory) if name and Path(name).exists()]
    if not files:
        return
    where = " and ".join(map(str, files))
    missing, calls = Counter[str](), 0
    try:
        reader = read_events(*files)
        for event in reader:
            calls += 1
            missing.update([*read_missing_fields(event.properties), *_find_unread(event.properties)])
    except PayiError as exc:
        yield "events", "note", str(exc)
        return
    for name in settings.require:
        text = f"{missing[name]:,} of {calls:,} calls in {where} have no {name}"
        yield "require", "warning" if missing[name] else "ok", text
    if unread := missing[UNITS_PROPERTY]:
        text = f"{unread:,} of {calls:,} calls in {where} have no usage that could be read, and so no price"
        yield "units", "warning", text
    yield from _examine_unobserved(reader.counts.hosts, where)


def _find_unread(properties: Mapping[str, str] | None) -> list[str]:
    return [UNITS_PROPERTY] if (properties or {}).get(UNITS_PROPERTY) == MISSING else []


def _examine_unobserved(hosts: Mapping[str, int], where: str) -> Iterator[_Row]:
    shown = Counter(hosts).most_common(_MAX_HOSTS)
    for host, number in shown:
        requests = say_count(number, f"request to {host} is", f"requests to {host} are")
        text = f"{requests} not in {where}, and may have cost something"
        yield "unobserved", "warning", f"{text}; `payi-transport explain` says why"
    if len(hosts) > len(shown):
        requests = say_count(sum(hosts.values()) - sum(number for _, number in shown), "request")
        others = say_count(len(hosts) - len(shown), "other host")
        yield "unobserved", "warning", f"{requests} to {others}, too"
