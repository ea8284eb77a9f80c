"""The body of a response as the provider wrote it, before it was compressed and sent in chunks.

A body over the size limit keeps its beginning and its last chunks, since usage comes last. The middle is a
gap. In a stream of plain text, two line breaks end the message that the gap interrupts, so that the messages
after it can still be read. A compressed body is only readable up to its gap.
"""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.capture.exchange import Exchange
from payi_transport.decode.headers import read_headers
from payi_transport.decode.inflate import InflateError, inflate
from payi_transport.framing import Messages, find_framing

__all__ = ["decode_body", "decode_messages"]

# An inflated body may be this many times larger than what is kept of a body.
_INFLATE_RATIO = 16


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
        body += b"\n\n" + b"".join(exchange.tail or ())
    if not coding:
        return body
    try:
        return inflate(body, coding, exchange.body_limit * _INFLATE_RATIO)
    except InflateError:
        # The call was made, so its event is sent without units rather than not at all.
        return b""


def decode_messages(exchange: Exchange) -> Messages:
    """Return the messages in the body of a finished exchange."""
    headers = read_headers(exchange.response_headers)
    body = decode_body(exchange, headers)
    return find_framing(headers.get("content-type", ""), body)(body)
