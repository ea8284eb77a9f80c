"""Choosing how a response is rewritten on its way to the caller. Hardly any response is.

There are two reasons: hiding a usage chunk that this library asked for, and adding Pay-i's result in inline
delivery. A stream may need both, one around the other. The request asked for an uncompressed response in
both cases; a response that is compressed nonetheless passes unchanged.
"""

from __future__ import annotations

from payi_transport.capture.exchange import OpenResponse
from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.rewrite.add_result import DocumentResult, StreamResult
from payi_transport.rewrite.include_usage import UsageHider

__all__ = ["find_response_rewriter"]


def find_response_rewriter(
    response: OpenResponse, content_type: str, content_encoding: str
) -> ResponseRewriter | None:
    """Return the rewriter of a response, or None if it passes unchanged, as compressed bodies always do."""
    request = response.request
    if content_encoding:
        return None
    hider = UsageHider() if request.rewrite is not None and request.rewrite.hides_usage else None
    # Only a response whose end waits for its own report can carry a result. If the request is `collected`,
    # an outer hook adds it to the parsed output.
    if not request.waits or request.collected or response.status >= 300:
        return hider
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in ("text/event-stream", "application/json"):
        return hider
    stream = StreamResult(response.finish_for_result, hider)
    if media_type == "text/event-stream":
        return stream
    return DocumentResult(response.finish_for_result, stream)
