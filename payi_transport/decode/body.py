"""The body of a response as the provider wrote it, before it was compressed and sent in chunks.

A body over the size limit keeps its beginning and its last chunks, since usage comes last. The middle is a
gap, and what is whole on both sides of it is put together (see `framing/gap.py`). A compressed body is only
readable up to its gap.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from payi_transport.capture.exchange import Exchange
from payi_transport.decode.headers import read_headers
from payi_transport.decode.inflate import InflateError, inflate
from payi_transport.framing import Messages, find_framing
from payi_transport.framing.gap import join_document, join_messages
from payi_transport.framing.json_text import split_json
from payi_transport.framing.ndjson import split_ndjson
from payi_transport.framing.sse import split_sse

__all__ = ["decode_body", "decode_messages"]

# An inflated body may be this many times larger than what is kept of a body. A few kilobytes on the wire cost
# as much memory, more than once while they are inflated.
_INFLATE_RATIO = 4


def decode_body(exchange: Exchange, headers: Mapping[str, str]) -> bytes:
    """Return the body without its content coding, or nothing if it can't be inflated.

    `headers` are those of the response, by lower-case name.
    """
    # Some hooks see a body after the library has inflated it, while its header still names the coding.
    coding = "" if exchange.decoded else headers.get("content-encoding", "")
    body = b"".join(exchange.chunks)
    if not exchange.has_gap:
        body += b"".join(exchange.tail or ())
    elif not coding:
        body = _join_over_gap(body, b"".join(exchange.tail or ()), headers.get("content-type", ""))
    try:
        body = inflate(body, coding, exchange.body_limit * _INFLATE_RATIO)
    except InflateError as exc:
        # The call was made, so its event is sent without units rather than not at all. The beginning may name
        # the response and its model.
        body = exc.beginning[: exchange.body_limit]
    is_json = find_framing(headers.get("content-type", ""), body) is split_json
    return _to_utf8(body) if is_json else body


def _join_over_gap(head: bytes, tail: bytes, content_type: str) -> bytes:
    """Return what is whole on both sides of a gap, in the framing of the body."""
    framing = find_framing(content_type, head)
    if framing is split_sse:
        return join_messages(head, tail, b"data: ", b"\n\n")
    if framing is split_ndjson:
        return join_messages(head, tail, b"", b"\n")
    document = join_document(head, tail) if framing is split_json else None
    return b"%b\n\n%b" % (head, tail) if document is None else document


def _to_utf8(body: bytes) -> bytes:
    """Return JSON in UTF-8 without a byte order mark. The SDKs accept UTF-16 and UTF-32, too."""
    encoding = json.detect_encoding(body[:4])
    if encoding == "utf-8":
        return body
    text = body.decode(encoding, "replace")
    # Audio may look like another encoding, too.
    return text.encode("utf-8", "replace") if text.lstrip().startswith(("{", "[")) else body


def decode_messages(exchange: Exchange) -> Messages:
    """Return the messages in the body of a finished exchange."""
    headers = read_headers(exchange.response_headers)
    body = decode_body(exchange, headers)
    return find_framing(headers.get("content-type", ""), body)(body)
