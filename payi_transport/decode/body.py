"""The body of an answer as it was before it was coded and cut into chunks."""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.capture.exchange import Exchange
from payi_transport.decode.headers import read_headers
from payi_transport.decode.inflate import InflateError, inflate
from payi_transport.framing import Frames, find_framing

__all__ = ["decode_body", "decode_messages"]

# Inflated bodies may be this many times the limit on what is remembered.
_INFLATE_RATIO = 16


def decode_body(exchange: Exchange, headers: Mapping[str, str]) -> bytes:
    """The body without its content coding; where its middle was left out, events on both sides stay whole."""
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
        return b""


def decode_messages(exchange: Exchange) -> Frames:
    """The messages of a finished exchange."""
    headers = read_headers(exchange.response_headers)
    body = decode_body(exchange, headers)
    return find_framing(headers.get("content-type", ""), body)(body)
