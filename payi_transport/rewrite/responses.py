"""Which change an answer needs on its way to the caller: hardly ever one."""

from __future__ import annotations

from payi_transport.capture.exchange import Exchange, ResponseRewriter
from payi_transport.rewrite.add_result import DocumentResult, StreamResult
from payi_transport.rewrite.include_usage import UsageHider

__all__ = ["find_response_rewriter"]


def find_response_rewriter(
    exchange: Exchange, content_type: str, content_encoding: str
) -> ResponseRewriter | None:
    """The rewriter of an answer; None where it passes as it is, as it does in any content coding."""
    if content_encoding:
        return None
    hider = UsageHider() if exchange.detour is not None and exchange.detour.hides_usage else None
    if not exchange.waits or exchange.collected or (exchange.status or 0) >= 300:
        return hider
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in ("text/event-stream", "application/json"):
        return hider
    stream = StreamResult(exchange.settle, hider)
    return stream if media_type == "text/event-stream" else DocumentResult(exchange.settle, stream)
