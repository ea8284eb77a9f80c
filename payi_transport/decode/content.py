"""The prompt and the response as text, for events of calls whose content may be logged."""

from __future__ import annotations

from payi_transport.capture.exchange import Exchange
from payi_transport.decode.inline_data import MIN_DATA_LENGTH, strip_inline_data
from payi_transport.decode.vectors import strip_vectors
from payi_transport.providers.shared.raw_response import DONE, RawResponse
from payi_transport.values.redaction import remove_keys

__all__ = ["record_request", "record_response"]

# Bytes of a message that can't hold a vector worth leaving out.
_SHORT = 256
# How a text begins that is a data URL.
_DATA_URL = b'"data:'


def record_request(exchange: Exchange, keep_inline_data: bool) -> str | None:
    """Return the request body as text, or None if it isn't logged or isn't text."""
    return _to_text(exchange.request_body, keep_inline_data) if exchange.log_content else None


def record_response(
    exchange: Exchange, raw: RawResponse, body: bytes, keep_inline_data: bool
) -> str | tuple[str, ...] | None:
    """Return the response body as text, or the messages of a stream one by one."""
    if not exchange.log_content:
        return None
    if not raw.is_stream:
        text = _to_text(body if keep_inline_data else strip_vectors(body), keep_inline_data)
        # The message of an authentication error may quote the key.
        return remove_keys(text) if text and (exchange.status or 0) >= 400 else text
    messages = [data for _, data in raw.all_messages if data != DONE]
    shown = messages if keep_inline_data or _are_plain(raw, messages) else map(_strip, messages)
    return tuple(message.decode("utf-8", "replace") for message in shown) or None


def _are_plain(raw: RawResponse, messages: list[bytes]) -> bool:
    """Return whether all messages are known to stay as they are.

    Most of a stream repeats a few messages with other texts, and only those few have to be searched. A short
    text holds no data but that of a URL.
    """
    return (
        raw.every_message is not None
        and all(_strip(data) == data for _, data in raw.messages)
        and all(len(data) <= MIN_DATA_LENGTH and _DATA_URL not in data for data in messages)
    )


def _strip(message: bytes) -> bytes:
    # Vectors are long, and most messages of a stream are short.
    return strip_inline_data(strip_vectors(message) if len(message) > _SHORT else message)


def _to_text(body: bytes | None, keep_inline_data: bool) -> str | None:
    if not body:
        return None
    try:
        return (body if keep_inline_data else strip_inline_data(body)).decode()
    except UnicodeDecodeError:
        # Audio, for example. An event is JSON, which has no place for bytes.
        return None
