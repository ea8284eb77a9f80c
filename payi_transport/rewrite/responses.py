"""Which rewrite a response needs on its way to the caller: hardly ever one."""

from __future__ import annotations

from payi_transport.capture.exchange import OpenResponse
from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.rewrite.add_result import DocumentResult, StreamResult
from payi_transport.rewrite.include_usage import UsageHider

__all__ = ["find_response_rewriter"]


def find_response_rewriter(
    response: OpenResponse, content_type: str, content_encoding: str
) -> ResponseRewriter | None:
    """Return the rewriter of a response, None where it passes as it is. Coded bodies always do."""
    request = response.request
    if content_encoding:
        return None
    hider = UsageHider() if request.rewrite is not None and request.rewrite.hides_usage else None
    if not request.waits or request.collected or response.status >= 300:
        return hider
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in ("text/event-stream", "application/json"):
        return hider
    stream = StreamResult(response.finish_for_result, hider)
    if media_type == "text/event-stream":
        return stream
    return DocumentResult(response.finish_for_result, stream)
