"""The headers of a request or response, in the forms that an exchange keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

__all__ = ["Headers", "KeptHeaders", "flatten", "pack_headers", "to_columns"]

# Name, value, name, value, and so on. The garbage collector does not look inside a flat tuple of bytes. It
# would visit a tuple of pairs again and again while the exchange waits in the queue.
Headers: TypeAlias = tuple[bytes, ...]
# What the caller's thread keeps: the flat form, or what `pack_headers` returns.
KeptHeaders: TypeAlias = Headers | bytes

# Returns headers as one object, in MessagePack. A row begins with the name and ends with the value. httpx has
# a list of triples: name, name in lower case, value. This copies all of it in one call of a C function, and
# leaves nothing for the garbage collector. A copy of the list would keep a tuple for each header, and the
# collector runs once for every 700 objects that are kept. Raises TypeError for what is not made of bytes.
pack_headers: Callable[[Any], bytes] = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[tuple[bytes, ...], ...]).decode


def flatten(kept: KeptHeaders) -> Headers:
    """Return headers as names and values in turns, whichever form they were kept in."""
    if isinstance(kept, tuple):
        return kept
    return tuple([part for row in _unpack(kept) for part in (row[0], row[-1])])


def to_columns(kept: KeptHeaders) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return the names of headers, and their values, whichever form they were kept in."""
    if isinstance(kept, tuple):
        return kept[::2], kept[1::2]
    rows = _unpack(kept)
    return tuple([row[0] for row in rows]), tuple([row[-1] for row in rows])
