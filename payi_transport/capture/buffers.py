"""How much of a body is kept while it arrives.

Nothing is parsed here: this runs on the caller's thread, once for the first chunk of a body and once more
when the body outgrows a limit.
"""

from __future__ import annotations

from payi_transport.values.headers import KeptHeaders, flatten

__all__ = ["TAIL_CHUNKS", "find_limit"]

# When a body exceeds the limit, keep this many of its last chunks, because usage comes last.
TAIL_CHUNKS = 64
# Nothing after a gap in a compressed body can be read. Vectors and images in base64 are the largest bodies,
# and compression takes a quarter off them, so this is enough for all that would be read without it.
_CODED_RATIO = 2
_CODING = b"content-encoding"


def find_limit(limit: int, size: int, headers: KeptHeaders, decoded: bool) -> int:
    """Return how many bytes are kept of a body that has reached `size` bytes; `limit` is the usual number."""
    # Nearly all bodies are below the limit, and only the others have their headers looked at.
    is_coded = size > limit and not decoded and _is_coded(headers)
    return limit * _CODED_RATIO if is_coded else limit


def _is_coded(headers: KeptHeaders) -> bool:
    return any(name.lower() == _CODING for name in flatten(headers)[::2])
