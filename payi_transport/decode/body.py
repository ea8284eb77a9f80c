"""The body of a response as the provider wrote it, before it was compressed and sent in chunks.

A body over the size limit keeps its beginning and its end, since usage comes last. The middle is a gap, and
what is whole on both sides of it is put together (see `framing/gap.py`). A compressed body that is too large
when inflated has such a gap, too. If the gap is in its compressed bytes, nothing after it can be inflated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import msgspec

from payi_transport.capture.exchange import Exchange
from payi_transport.decode.inflate import Inflated, inflate, split_codings
from payi_transport.decode.read_headers import read_headers
from payi_transport.framing import Framing, Messages, find_framing, find_stated_framing
from payi_transport.framing.gap import close_document, join_document, join_messages
from payi_transport.framing.json_text import split_json
from payi_transport.framing.ndjson import split_ndjson
from payi_transport.framing.repeats import join_without_repeats
from payi_transport.framing.sse import split_sse

__all__ = ["Body", "decode_body", "decode_messages"]

# An inflated body may be this many times larger than what is kept of a body. A few kilobytes on the wire cost
# as much memory, more than once while they are inflated.
_INFLATE_RATIO = 4
_OVER_LIMIT = "it is compressed and over twice capture.max_body_bytes"


class Body(msgspec.Struct, frozen=True):
    """What is known of a body, and how it splits into messages.

    `is_cut` says that its middle is missing, or all from some place on.
    `lacks_repeats` says that events of a stream were left out that repeat another one with another text.
    `unread` says why its end couldn't be read, and is empty for a body whose end is here or never arrived.
    """

    data: bytes
    framing: Framing
    is_cut: bool = False
    unread: str = ""
    lacks_repeats: bool = False


def decode_body(
    exchange: Exchange, headers: Mapping[str, str], is_repeatable: Callable[[bytes], bool] | None = None
) -> Body:
    """Return the body without its content coding, as far as it can be inflated.

    `headers` are those of the response, by lower-case name. With `is_repeatable`, events of a stream are left
    out that repeat another one with another text, see `framing/repeats.py`.
    """
    # Some hooks see a body after the library has inflated it, while its header still names the coding.
    coding = "" if exchange.decoded else headers.get("content-encoding", "")
    content_type = headers.get("content-type", "")
    # Most are whole, and in no coding.
    if coding or exchange.tail:
        kept = _find_ends(exchange, coding)
        is_cut = kept.has_gap or bool(kept.error)
        body = _join_ends(kept.head, kept.tail, content_type) if is_cut and kept.head else kept.head
        return _frame(body, content_type, is_cut, kept.error)
    chunks = exchange.chunks
    if is_repeatable is not None and find_stated_framing(content_type) is split_sse:
        return Body(join_without_repeats(chunks, is_repeatable), split_sse, lacks_repeats=True)
    return _frame(chunks[0] if len(chunks) == 1 else b"".join(chunks), content_type)


def _frame(body: bytes, content_type: str, is_cut: bool = False, unread: str = "") -> Body:
    framing = find_framing(content_type, body)
    return Body(_to_utf8(body) if framing is split_json else body, framing, is_cut, unread)


def _find_ends(exchange: Exchange, coding: str) -> Inflated:
    """Return the beginning of the body, and its end if its middle is missing."""
    head, tail = b"".join(exchange.chunks), b"".join(exchange.tail or ())
    limit = exchange.body_limit
    if not exchange.has_gap:
        kept = inflate(head + tail, coding, limit * _INFLATE_RATIO)
        return kept._replace(head=kept.head[:limit], tail=kept.tail[-limit:]) if kept.has_gap else kept
    if not split_codings(coding):
        return Inflated(head, tail, has_gap=True)
    kept = inflate(head, coding, limit * _INFLATE_RATIO)
    return Inflated(kept.head[:limit], has_gap=True, error=kept.error or _OVER_LIMIT)


def _join_ends(head: bytes, tail: bytes, content_type: str) -> bytes:
    """Return what is whole in the beginning and in the end of a body, in its framing."""
    framing = find_framing(content_type, head)
    if framing is split_sse:
        return join_messages(head, tail, b"data: ", b"\n\n")
    if framing is split_ndjson:
        return join_messages(head, tail, b"", b"\n")
    if framing is not split_json:
        return b"%b\n\n%b" % (head, tail)
    document = join_document(head, tail) if tail else close_document(head)
    return b"%b\n\n%b" % (head, tail) if document is None else document


def _to_utf8(body: bytes) -> bytes:
    """Return JSON in UTF-8 without a byte order mark. The SDKs accept UTF-16 and UTF-32, too."""
    # Nearly all bodies begin like this. In the other encodings, a zero byte comes next.
    if body[:1] == b"{" and body[1:2] != b"\0":
        return body
    encoding = json.detect_encoding(body[:4])
    if encoding == "utf-8":
        return body
    text = body.decode(encoding, "replace")
    # Audio may look like another encoding, too.
    return text.encode() if text.lstrip().startswith(("{", "[")) else body


def decode_messages(exchange: Exchange) -> Messages:
    """Return the messages in the body of a finished exchange."""
    headers = read_headers(exchange.response_headers)
    body = decode_body(exchange, headers)
    return body.framing(body.data)
