r"""Replace the vectors of embeddings in a recorded response with a placeholder, to keep events small.

A response of 1,000 vectors is 20 MB of numbers that nobody reads. A vector is an array of nothing but
numbers. In a response with a field `embedding` or `embeddings`, every such array is one. In any other, long
arrays of fractions are. Vectors in base64 are found the way images are, see `inline_data`.

Strings are matched as a whole, so numbers in a text stay what they are. Nearly all responses hold no vector,
and one cheap search finds that out.
"""

from __future__ import annotations

import re

from payi_transport.decode.inline_data import NOT_INSTRUMENTED
from payi_transport.values.patterns import compile_possessive, lazy_compile

__all__ = ["strip_vectors"]

_NUMBERS = rb"[0-9eE+\-.,\s]"
# An array of this many bytes has at least a dozen fractions.
_MIN_LENGTH = 256
# Looking at every eighth byte is faster and never misses a run.
_STRIDE = 8
_RUN = b"\1" * (_MIN_LENGTH // _STRIDE)
_IS_NUMBER = bytes(bool(re.match(_NUMBERS, bytes([code]))) for code in range(256))
_NAMED = lazy_compile(rb'"(?<!\\")embeddings?"\s*:')
_ARRAY = compile_possessive(
    rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|(?P<array>\[%b*+(?:\]|\Z))' % _NUMBERS, re.DOTALL
)
_HAS_NUMBER = lazy_compile(rb"[0-9]")
# How much of an array shows whether its numbers are fractions.
_START = 200


def strip_vectors(body: bytes) -> bytes:
    """Return a body of JSON with `"<not_instrumented>"` in place of each vector."""
    # A search for bytes is much cheaper, and streams have many messages.
    if b'"embedding' in body and _NAMED.search(body) is not None:
        return _ARRAY.sub(_replace_named, body)
    if len(body) > _MIN_LENGTH and _RUN in body[::_STRIDE].translate(_IS_NUMBER):
        return _ARRAY.sub(_replace_long, body)
    return body


def _replace_named(match: re.Match[bytes]) -> bytes:
    array = match["array"]
    # An empty list is none of numbers.
    return match[0] if array is None or _HAS_NUMBER.search(array) is None else b'"%b"' % NOT_INSTRUMENTED


def _replace_long(match: re.Match[bytes]) -> bytes:
    array = match["array"]
    is_vector = array is not None and len(array) > _MIN_LENGTH and b"." in array[:_START]
    return b'"%b"' % NOT_INSTRUMENTED if is_vector else match[0]
