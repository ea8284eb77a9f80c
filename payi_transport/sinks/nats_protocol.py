"""The part of the NATS client protocol that delivery needs, as functions between bytes and values. No I/O.

A command is a line of text that ends in CRLF; `MSG`, `HMSG`, and `HPUB` are followed by a body of a stated
size and another CRLF. The server begins with `INFO`, whose argument is JSON. `HMSG <subject> <sid> [reply]
<header bytes> <total bytes>` is a message with headers, which look like those of HTTP.
See https://docs.nats.io/reference/reference-protocols/nats-protocol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

__all__ = [
    "CRLF",
    "PING",
    "PONG",
    "Info",
    "Message",
    "Operation",
    "Ping",
    "Pong",
    "ProtocolError",
    "Reader",
    "ServerError",
    "encode_connect",
    "encode_headers",
    "encode_message",
    "encode_subscription",
    "matches_subject",
]

CRLF = b"\r\n"
PING, PONG = b"PING\r\n", b"PONG\r\n"
_VERSION = b"NATS/1.0"
# Bytes. A line may list the addresses of a large cluster, and no server accepts larger messages.
_LONGEST_LINE = 1024 * 1024
_LARGEST_BODY = 64 * 1024 * 1024
# What could end a header early, or begin another one.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")

_objects = msgspec.json.Decoder(dict[str, Any])


class ProtocolError(Exception):
    """The peer sent something that is not the NATS protocol."""


class Info(NamedTuple):
    """What a server says about itself, first of all and whenever its cluster changes."""

    fields: dict[str, Any]


class Message(NamedTuple):
    """A message of a subscription. `head` is the block of its headers, empty if it has none."""

    subject: str
    reply: str
    head: bytes
    body: bytes

    @property
    def status(self) -> int | None:
        """The status of a message that the server itself made, such as 503 for nobody who responds."""
        first = self.head.partition(CRLF)[0].removeprefix(_VERSION).split()
        return int(first[0]) if first and first[0].isdigit() else None

    @property
    def description(self) -> str:
        """What the server says about the status."""
        first = self.head.partition(CRLF)[0].removeprefix(_VERSION).split(maxsplit=1)
        return first[1].decode("utf-8", "replace") if len(first) > 1 else ""

    def read_headers(self) -> dict[str, str]:
        """Return the headers by name in lower case; the last one of a name wins."""
        headers: dict[str, str] = {}
        for line in self.head.split(CRLF)[1:]:
            name, colon, value = line.partition(b":")
            if colon:
                headers[name.strip().decode("utf-8", "replace").lower()] = value.strip().decode(
                    "utf-8", "replace"
                )
        return headers

    def read_object(self) -> dict[str, Any]:
        """Return the JSON object in the body, an empty one if the body is anything else."""
        try:
            return _objects.decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return {}


class ServerError(NamedTuple):
    """An error of the connection (`-ERR`), which no message of ours can be told from."""

    text: str


class Ping(NamedTuple):
    """The server asks whether we are there."""


class Pong(NamedTuple):
    """The server has processed everything before our `PING`."""


class _Partial(NamedTuple):
    """The line of a message, with the sizes in bytes that it states."""

    subject: str
    reply: str
    head: int
    total: int


Operation = Info | Message | ServerError | Ping | Pong


class Reader:
    """Cut what arrives into operations, however the network has cut it."""

    def __init__(self) -> None:
        self._data = bytearray()
        # A message whose body has not arrived completely.
        self._partial: _Partial | None = None

    def feed(self, data: bytes) -> list[Operation]:
        """Return the operations that are complete with `data`. Raises ProtocolError."""
        self._data += data
        operations: list[Operation] = []
        position = 0
        while True:
            operation, position = self._read_one(position)
            if operation is None:
                del self._data[:position]
                return operations
            operations.append(operation)

    def _read_one(self, position: int) -> tuple[Operation | None, int]:
        """Return the operation at a position, and the position of the next one."""
        if self._partial is not None:
            return self._read_message(self._partial, position)
        end = self._data.find(CRLF, position)
        if end < 0:
            if len(self._data) - position > _LONGEST_LINE:
                raise ProtocolError("a line without an end")
            return None, position
        operation = self._read_line(bytes(self._data[position:end]))
        if isinstance(operation, _Partial):
            self._partial = operation
            return self._read_message(operation, end + 2)
        return operation, end + 2

    def _read_message(self, partial: _Partial, position: int) -> tuple[Message | None, int]:
        end = position + partial.total
        if len(self._data) < end + 2:
            return None, position
        if self._data[end : end + 2] != CRLF:
            raise ProtocolError("a message that is longer than it says")
        self._partial = None
        block = bytes(self._data[position:end])
        return Message(partial.subject, partial.reply, block[: partial.head], block[partial.head :]), end + 2

    def _read_line(self, line: bytes) -> Operation | _Partial:
        name, _, rest = line.partition(b" ")
        kind = name.upper()
        if kind in (b"MSG", b"HMSG"):
            return _read_sizes(line, has_head=kind == b"HMSG")
        if kind == b"PING":
            return Ping()
        if kind == b"INFO":
            try:
                return Info(_objects.decode(rest))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                raise ProtocolError("INFO without a JSON object") from None
        if kind == b"-ERR":
            return ServerError(_decode(rest).strip().strip("'"))
        # `+OK` comes only in a mode that we don't ask for, and says nothing.
        if kind in (b"PONG", b"+OK"):
            return Pong()
        raise ProtocolError(f"{line[:40]!r} in place of a command")


def _read_sizes(line: bytes, *, has_head: bool) -> _Partial:
    _, *words = line.split()
    count = 2 if has_head else 1
    # Subject and subscription come first. A subject for replies may follow, and then the sizes.
    numbers = words[-count:]
    if len(words) not in (count + 2, count + 3) or not all(word.isdigit() for word in numbers):
        raise ProtocolError(f"{line[:40]!r} is not the line of a message")
    head, total = int(numbers[0]) if has_head else 0, int(numbers[-1])
    if not head <= total <= _LARGEST_BODY:
        raise ProtocolError(f"{line[:40]!r} states impossible sizes")
    return _Partial(_decode(words[0]), _decode(words[2]) if len(words) > count + 2 else "", head, total)


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def encode_connect(fields: Mapping[str, Any]) -> bytes:
    """Return the first command of a client."""
    return b"CONNECT " + msgspec.json.encode(fields) + CRLF


def encode_subscription(subject: str, number: int) -> bytes:
    """Return the command that subscribes to a subject."""
    return b"SUB %s %d\r\n" % (subject.encode(), number)


def encode_headers(headers: Mapping[str, str]) -> bytes:
    """Return the block of headers of a message. What could end a header early becomes a space."""
    lines = [f"{name}: {_CONTROL.sub(' ', value).strip()}" for name, value in headers.items()]
    return b"NATS/1.0\r\n" + "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace") + CRLF


def encode_message(subject: str, body: bytes, *, reply: str = "", head: bytes = b"") -> bytes:
    """Return the command that publishes a message; `head` is from `encode_headers`."""
    address = f"{subject} {reply}".encode() if reply else subject.encode()
    if not head:
        return b"PUB %s %d\r\n%s\r\n" % (address, len(body), body)
    return b"HPUB %s %d %d\r\n%s%s\r\n" % (address, len(head), len(head) + len(body), head, body)


def matches_subject(pattern: str, subject: str) -> bool:
    """Return whether a pattern, in which `*` is any word and `>` all that follow, covers a subject."""
    words, parts = pattern.split("."), subject.split(".")
    if words[-1] == ">":
        words.pop()
        if len(parts) <= len(words):
            return False
        parts = parts[: len(words)]
    return len(words) == len(parts) and all(
        word in ("*", part) for word, part in zip(words, parts, strict=True)
    )
