"""The headers of a request or response, in the forms that an exchange keeps."""

from __future__ import annotations

from typing import cast

__all__ = ["Headers", "KeptHeaders", "flatten"]

# Name, value, name, value, and so on. The garbage collector does not look inside a flat tuple of bytes. It
# would visit a tuple of pairs again and again while the exchange waits in the queue.
Headers = tuple[bytes, ...]
# What the caller's thread keeps. httpx has a triple for each header: name, name in lower case, value. To copy
# the list of them takes a tenth of the time of reading them, which is left to the worker.
KeptHeaders = Headers | tuple[tuple[bytes, bytes, bytes], ...]


def flatten(kept: KeptHeaders) -> Headers:
    """Return headers as names and values in turns, whichever form they were kept in."""
    if not kept or not isinstance(kept[0], tuple):
        return cast(Headers, kept)
    return tuple(part for name, _, value in kept for part in (name, value))
