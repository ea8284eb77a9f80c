"""Turning what passes the proxy into events: whom a call is for, and what it used."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from payi_transport.capture.exchange import Exchange, SentRequest
from payi_transport.capture.rewrites import RequestRewrite
from payi_transport.context.frame import Frame, enter_scope, event_fields
from payi_transport.context.headers import override_frame
from payi_transport.context.results import ResultSlot
from payi_transport.decode.exchange_decoder import Decoded, ExchangeDecoder
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.rewrite.include_usage import ask_for_usage
from payi_transport.routing.routes import Route
from payi_transport.serve.items import BulkItem
from payi_transport.serve.proxy_targets import CHATGPT_ACCOUNT
from payi_transport.serve.service import Service
from payi_transport.values.names import BILLING_PROPERTY

__all__ = ["Meter", "make_item", "read_frame"]

_encode = msgspec.json.Encoder(decimal_format="number").encode
_logger = logging.getLogger("payi_transport")
_BODY_LIMIT: Final = 32 * 1024 * 1024
# Access tokens of subscriptions, in place of API keys. Anthropic's say so, and OpenAI's come with an account.
# Sources: Claude Code's `claude setup-token`, and Codex's requests when it is signed in with ChatGPT.
_ANTHROPIC_OAUTH: Final = b"bearer sk-ant-oat"
_CHATGPT_ACCOUNT: Final = CHATGPT_ACCOUNT.encode()


def read_frame(headers: Iterable[tuple[bytes, bytes]], use_case: str | None) -> Frame:
    """Return whom a call is for, by its headers and its path."""
    pairs = list(headers)
    frame = Frame() if use_case is None else enter_scope(Frame(), {"use_case_name": use_case})
    frame = override_frame(frame, tuple(chain.from_iterable(pairs)), lambda name: None)
    if _is_subscription(pairs):
        properties = {BILLING_PROPERTY: "subscription", **frame.request_properties}
        frame = replace(frame, request_properties=properties)
    return frame


def _is_subscription(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        name.lower() == _CHATGPT_ACCOUNT
        or (name.lower() == b"authorization" and value.lower().startswith(_ANTHROPIC_OAUTH))
        for name, value in headers
    )


def make_item(frame: Frame, route: Route) -> BulkItem:
    """Return an item with the context of a call, for the rules that it has to keep."""
    known = BulkItem.__struct_fields__
    fields: dict[str, Any] = {name: value for name, value in event_fields(frame).items() if name in known}
    for name in ("limit_ids", "request_tags"):
        fields[name] = list(fields.get(name) or ())
    return BulkItem(category=route.category, units={}, **fields)


class Meter:
    """Remembers calls while they pass, and stores their events when they end."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._decoder = ExchangeDecoder(DecodeOptions(), OneTimeWarnings(_logger, ()))

    def begin(
        self,
        route: Route | None,
        frame: Frame,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        *,
        adds_result: bool,
    ) -> SentRequest | None:
        """Return the request as it is remembered, None for one that costs nothing that could be read.

        Ending it blocks until its event is stored. `adds_result` adds the result to the response.
        """
        if route is None:
            return None
        asking = ask_for_usage(body) if route.asks_usage else None
        return SentRequest(
            self._store,
            route,
            frame,
            frame.log_prompt_and_response is not False,
            tuple(chain.from_iterable(headers)),
            body,
            _BODY_LIMIT,
            {},
            RequestRewrite(
                body=asking, hides_usage=asking is not None, plain=adds_result or asking is not None
            ),
            adds_result,
            ResultSlot() if adds_result else None,
        )

    def _store(self, exchange: Exchange) -> None:
        try:
            decoded: Any = self._decoder.decode(exchange)
            if isinstance(decoded, Decoded):
                result = self._service.ingest_proxied(
                    decoded.event, is_fetch=exchange.route.is_fetch
                ).result()
                # Decimals as numbers, like in the responses of the API.
                exchange.take_result(msgspec.json.decode(_encode(result)))
        except Exception:
            # The caller's response must not fail for it.
            _logger.exception("the local service could not store a call that it forwarded")
        finally:
            exchange.forget()
