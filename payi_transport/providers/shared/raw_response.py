"""What a reader gets: one response, already split into messages, with what is known of its request."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from payi_transport.framing import Messages

__all__ = ["DONE", "RawResponse"]

# Ends streams of OpenAI's shape, and is no message of the model.
DONE = b"[DONE]"


class RawResponse(msgspec.Struct, frozen=True):
    """A response before its provider's reader has read it.

    - `messages`: all, or all but those of a stream that repeat another one with another text.
    - `read_to_end`: the caller read the whole body. A stream may be left early, or break off.
    - `response_headers`, `request_headers`: by lower-case name.
    - `requested_model`: the model that the caller asked for, in the path or in the body.
    - `priced_model`: what the caller's configuration says that model is, None if it says nothing.
    - `category`: that of the host. `uri`: where the request went, without its query.
    - `is_stream`: the body came as a stream of messages.
    - `is_cut`: the middle of the body is missing, so items in it must not be counted.
    - `every_message`: where `messages` doesn't have all of them, and all are needed.
    - `unread`: why the end of the body, which arrived, couldn't be read; empty for any other body.
    """

    messages: Messages
    read_to_end: bool = True
    request_body: bytes = b""
    response_headers: Mapping[str, str] = {}
    requested_model: str | None = None
    category: str = ""
    uri: str = ""
    request_headers: Mapping[str, str] = {}
    priced_model: str | None = None
    is_stream: bool = False
    is_cut: bool = False
    unread: str = ""
    every_message: Messages | None = None

    @property
    def all_messages(self) -> Messages:
        """The messages with those that repeat another one, for readers of texts."""
        return self.messages if self.every_message is None else self.every_message
