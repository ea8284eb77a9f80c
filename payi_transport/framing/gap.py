r"""Put a body together whose middle is missing, so that the complete parts on both sides can be parsed.

A body over the limit has a beginning and an end, and between them lies a gap, usually in a long string such
as an image, or in the list of vectors. Usage is before it or after it. The beginning is searched forwards for
the values that are still open where it breaks off, the end is searched backwards for those that it closes.
JSON can be read backwards because a quote is escaped exactly if an odd number of backslashes is before it.

A document gets its complete fields before the gap, then those after it, and the field in the gap is left out.
In an array, which may be a stream, that goes for the element in the gap. In a stream of lines, nobody knows
whether both sides belong to one message. So each makes messages of its own: what is complete of the last
message before the gap, and of the first one after it. Time and memory are linear.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from payi_transport.values.patterns import compile_possessive

__all__ = ["close_document", "join_document", "join_messages"]

# A string, a list of plain values, or a character of the structure.
_FORWARDS = compile_possessive(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|\[[^\[\]{}"]*+\]|[\[\]{},]', re.DOTALL)
# The same of reversed text, where the backslashes of an escaped quote come after it.
_BACKWARDS = compile_possessive(
    rb'"(?:[^"]++|"(?:\\\\)*+\\(?!\\))*+(?:"|\Z)|\][^\[\]{}"]*+\[|[\[\]{},]', re.DOTALL
)
_CLOSERS = {b"{": b"}", b"[": b"]"}
_OPENERS = {closer: opener for opener, closer in _CLOSERS.items()}


class _Level(NamedTuple):
    """A value that is cut: what opens it, where its complete members end or start, and whether it has any.

    `close` is where the value itself ends, for one that is closed after the gap.
    """

    opener: bytes
    edge: int
    has_members: bool = False
    close: int = 0


def join_document(head: bytes, tail: bytes) -> bytes | None:
    """Return a document without what is in its gap, None if the sides do not fit together."""
    opened, closed = _find_opened(head), _find_closed(tail)
    depth = _find_depth(head)
    if not depth < min(len(opened), len(closed)):
        return None
    before, after = opened[depth], closed[depth]
    if before.opener != after.opener:
        return None
    comma = b"," if before.has_members and after.has_members else b""
    return b"%b%b%b" % (head[: before.edge], comma, tail[after.edge :])


def close_document(head: bytes) -> bytes | None:
    """Return a document whose end is missing without what is incomplete, None if it is not one."""
    opened = _find_opened(head)[: _find_depth(head) + 1]
    if not opened:
        return None
    return head[: opened[-1].edge] + b"".join(_CLOSERS[level.opener] for level in reversed(opened))


def _find_depth(head: bytes) -> int:
    # Deeper values are left out: part of a usage would be a wrong usage.
    return 1 if head.lstrip().startswith(b"[") else 0


def join_messages(head: bytes, tail: bytes, prefix: bytes, end: bytes) -> bytes:
    """Return a stream of lines with JSON; `prefix` starts a message of it and `end` ends one."""
    start = head[head.rfind(b"\n") + 1 :]
    rest = tail.partition(b"\n")[0]
    messages: list[bytes] = []
    if start.startswith(prefix.rstrip()):
        opened = _find_opened(start)
        if opened and opened[0].opener == b"{":
            messages.append(start[len(prefix.rstrip()) : opened[0].edge].strip() + b"}")
    # An event of a stream has the message itself in one of its fields. The outer fields come last, and win.
    messages += [
        b"{%b" % rest[level.edge : level.close]
        for level in reversed(_find_closed(rest)[:2])
        if level.opener == b"{" and level.has_members
    ]
    return b"".join([head, b"\n\n", *(prefix + message + end for message in messages), tail])


def _find_opened(head: bytes) -> list[_Level]:
    """Return the values that are open at the end of `head`, the outermost first."""
    levels: list[_Level] = []
    for match in _FORWARDS.finditer(head):
        token = match[0]
        if token in _CLOSERS:
            levels.append(_Level(token, match.end()))
        elif token in _OPENERS:
            del levels[-1:]
        elif token == b"," and levels:
            levels[-1] = _Level(levels[-1].opener, match.start(), True)
    return levels


def _find_closed(tail: bytes) -> list[_Level]:
    """Return the values that `tail` closes without opening them, the outermost first."""
    # Text that breaks off can't be read backwards: nobody knows whether its end is in a string.
    tail = tail.rstrip()
    if not tail.endswith((b"}", b"]")):
        return []
    levels: list[_Level] = []
    for match in _BACKWARDS.finditer(tail[::-1]):
        token, after = match[0], len(tail) - match.start()
        if token in _OPENERS:
            levels.append(_Level(_OPENERS[token], after - 1, False, after))
        elif token in _CLOSERS:
            del levels[-1:]
            # The whole value is in the tail, so it isn't cut.
            if not levels:
                break
        elif token == b",":
            levels[-1] = levels[-1]._replace(edge=after, has_members=True)
    return levels
