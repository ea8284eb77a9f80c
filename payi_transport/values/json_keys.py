"""Whether a key occurs in JSON, without parsing it: for large request bodies, which are mostly a prompt."""

from __future__ import annotations

__all__ = ["SMALL_BODY", "has_key"]

# Up to this size, a plain search takes less time than walking over a few quotes. Bytes.
SMALL_BODY = 8192
# Quotes to walk over. Prose has few. In a prompt full of them, such as code, each costs as much as searching
# for the whole key through half a kilobyte.
_MAX_QUOTES = 48


def has_key(body: bytes, key: bytes, start: int = 0) -> bool:
    """Return whether a body contains `key`, which has its quotes, at `start` or later, in linear time.

    A large body is walked through from quote to quote: the C library looks for a single byte in long words,
    which is many times faster than the search for the whole key.
    """
    end = len(body)
    if end - start < SMALL_BODY:
        return body.find(key, start) >= 0
    for _ in range(_MAX_QUOTES):
        end = body.rfind(b'"', start, end)
        if end < 0:
            return False
        if body.startswith(key, end):
            return True
    return body.rfind(key, start, end + len(key)) >= 0
