"""The scope of a call in the header `baggage`, which carries it from one service to the next.

The format is W3C Baggage, so whatever carries baggage carries a scope: OpenTelemetry's propagators, proxies,
message brokers. Each context field that has a header is one member, `payi.<field>`, and its value is the text
of that header, percent-encoded. Members of others stay as they are.

A request may come from anywhere. So reading takes only members that name a field, checks each value as it
checks a header, and counts what it had to ignore.

Source of the limits: W3C Baggage, 3.3.2, by which a propagator carries at least 8,192 bytes and 64 members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, cast
from urllib.parse import quote, unquote

from payi_transport.context.fields import Scope
from payi_transport.context.frame import FIELDS, Frame
from payi_transport.context.header_text import UNREADABLE, read_text
from payi_transport.runtime.process_lock import ProcessLock

__all__ = ["IGNORED", "IgnoredBaggage", "read_baggage", "write_baggage"]

_NAME = "baggage"
_PREFIX = "payi."
# Bytes, including the members of others.
_MAX = 8192
_MAX_MEMBERS = 64


class IgnoredBaggage:
    """Count the members that were malformed or did not fit, in this process."""

    def __init__(self) -> None:
        # Reentrant, because a signal handler may read a request while this thread is in here.
        self._lock = ProcessLock()
        self.value = 0

    def add(self, count: int = 1) -> None:
        with self._lock:
            self.value += count


IGNORED = IgnoredBaggage()


def write_baggage(frame: Frame, headers: MutableMapping[str, str]) -> None:
    """Add the fields that are set in `frame` to the header `baggage`, in place of those it has.

    A field that would make the header longer than a propagator has to carry is left out and counted.
    """
    found = next((name for name in headers if name.lower() == _NAME), _NAME)
    members = [text for text in _split(headers.get(found, "")) if not _is_own(text)]
    length = sum(len(text) + 1 for text in members)
    for name in _by_importance(frame):
        member = f"{_PREFIX}{name}={_encode(name, frame.outgoing(name))}"
        if length + len(member) > _MAX or len(members) >= _MAX_MEMBERS:
            IGNORED.add()
            continue
        members.append(member)
        length += len(member) + 1
    if members:
        headers[found] = ",".join(members)
    else:
        headers.pop(found, None)


def read_baggage(headers: Mapping[str, str] | Iterable[tuple[Any, Any]]) -> Scope:
    """Return the scope that the header `baggage` carries: empty without one, or if the header is too long.

    `headers` is a mapping of any case, or pairs of names and values as text or bytes. If a member comes
    twice, the last one wins. A member that can't be read is left out and counted.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    text = ",".join(_to_text(value) for name, value in pairs if _to_text(name).lower() == _NAME)
    members = [member for member in _split(text) if _is_own(member)]
    if len(text) > _MAX:
        IGNORED.add(len(members))
        return {}
    scope: dict[str, Any] = {}
    for member in members:
        # What follows a semicolon is a property of the member, in the sense of W3C, and none of ours has any.
        name, equals, value = member.partition(";")[0].partition("=")
        field = FIELDS.rows.get(name.strip().removeprefix(_PREFIX))
        if field is None or field.header is None:
            # Probably of a newer version.
            continue
        try:
            if not equals:
                raise ValueError("no value")
            scope[name.strip().removeprefix(_PREFIX)] = _decode(field.type.read_header, value.strip())
        except UNREADABLE:
            IGNORED.add()
    return cast(Scope, scope)


def _by_importance(frame: Frame) -> Iterator[str]:
    """Yield the fields that are set: who a call is for first, and what may be long last."""
    rows = frame.fields.rows
    names = [name for name in frame.fields.headers if getattr(frame, name) != rows[name].type.default]
    # Sorting is stable, so fields of one kind keep the order of the table.
    yield from sorted(names, key=lambda name: isinstance(getattr(frame, name), tuple | Mapping))


def _encode(name: str, value: Any) -> str:
    # Baggage has its own escapes, so text needs those of a header only where it looks like one of them.
    plain = isinstance(value, str) and read_text(value) == value
    return quote(value if plain else FIELDS.rows[name].type.write_header(value), safe="")


def _decode(read_header: Any, text: str) -> Any:
    value = read_header(unquote(text, errors="strict"))
    if value is None:
        raise ValueError("empty")
    return value


def _split(text: str) -> list[str]:
    return [member for part in text.split(",") if (member := part.strip())]


def _is_own(member: str) -> bool:
    return member.startswith(_PREFIX)


def _to_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
