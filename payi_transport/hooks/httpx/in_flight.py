"""What a hook of httpx or httpx2 holds of a request until its response, if it does anything about it.

Such a request is sent in another form, counted, or recorded. `respond` or `fail` ends each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from payi_transport.capture.exchange import OpenResponse, SentRequest
from payi_transport.capture.rewrites import ResponseRewriter
from payi_transport.hooks.httpx.request import Family, keep_headers
from payi_transport.hooks.nesting import CallMark
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.rewrite.responses import find_response_rewriter
from payi_transport.runtime.threads import run_on_thread

__all__ = ["CountedRequest", "RecordedCall", "RewrittenRequest"]

# Wraps the stream of a response in one that records it. Takes the stream, the open response, and its
# rewriter if it has one.
_MakeStream = Callable[[Any, OpenResponse, ResponseRewriter | None], Any]


class RewrittenRequest(msgspec.Struct, eq=False, gc=False):
    """A request that isn't recorded, and is sent in another form or blocked."""

    caller_request: Any
    request: Any
    blocked_response: Any

    def respond(self, family: Family, response: Any, make_stream: _MakeStream) -> None:
        """Make the response refer to the caller's own request, not to the one sent in its place."""
        # `response.request` raises if no request was set. Reading `__dict__` would make Python build it, and
        # what the caller does with the response would take longer from then on, for each chunk.
        if getattr(response, "_request", None) is self.request:
            response.request = self.caller_request

    def fail(self, exc: BaseException) -> None:
        """Make the exception refer to the caller's own request, not to the one sent in its place."""
        if getattr(exc, "_request", None) is self.request:
            exc.request = self.caller_request  # type: ignore[attr-defined]  # httpx sets it to what was sent


class CountedRequest(RewrittenRequest, eq=False, gc=False):
    """A request that is counted, with a mark by which hooks further in know that it is."""

    mark: CallMark

    def respond(self, family: Family, response: Any, make_stream: _MakeStream) -> None:
        """End the mark."""
        self.mark.leave()
        super().respond(family, response, make_stream)

    def fail(self, exc: BaseException) -> None:
        """End the mark."""
        self.mark.leave()
        super().fail(exc)


class RecordedCall(RewrittenRequest, eq=False, gc=False):
    """A request that is recorded, and what is sent in its place."""

    pipeline: Pipeline
    sent: SentRequest
    mark: CallMark

    @property
    def waits(self) -> bool:
        """Whether the end of the response waits until the call is reported."""
        return self.sent.waits

    def respond(self, family: Family, response: Any, make_stream: _MakeStream) -> None:
        """Start recording the response."""
        # `CallMark.leave`, written out for speed.
        mark = self.mark
        if mark.outer is not None:
            mark.leave()
        mark.call = None
        try:
            if self.request is not self.caller_request:
                super().respond(family, response, make_stream)
            status = response.status_code
            # The client sends the next hop through this hook again, and only the last response makes an
            # event.
            if 300 <= status < 400 and response.has_redirect_location:
                self.sent.discard()
                return
            # A transport that returns a response already read, such as a cache or a mock, has decoded it too.
            whole = response.is_closed
            sent = self.sent
            try:
                headers = family.pack(response.headers._list)
            except (AttributeError, TypeError):
                headers = keep_headers(family, response)
            open_response = sent.start_response(status, headers, whole)
            rewriter = None
            if sent.waits or sent.rewrite is not None:
                header = response.headers.get
                content_type, coding = header("content-type", ""), header("content-encoding", "")
                rewriter = find_response_rewriter(open_response, content_type, coding)
            if whole:
                _finish_whole(open_response, response, rewriter)
            else:
                response.stream = make_stream(response.stream, open_response, rewriter)
        except Exception as exc:
            self.sent.discard()
            self.pipeline.count_fault(exc)

    def fail(self, exc: BaseException) -> None:
        """Record that the request failed before a response."""
        self.mark.leave()
        self.sent.fail(exc)
        super().fail(exc)

    async def respond_on_thread(self, family: Family, response: Any, make_stream: _MakeStream) -> None:
        """Record a response that is already read. This ends the call, which waits until it is reported."""
        self.mark.leave()
        await run_on_thread(self.respond, family, response, make_stream)


def _finish_whole(open_response: OpenResponse, response: Any, rewriter: ResponseRewriter | None) -> None:
    open_response.append(response.content)
    # The body has to be recorded before this: the rewriter may end the call and wait for its report.
    if rewriter is not None:
        response._content = rewriter.feed(response.content) + rewriter.flush()
    open_response.finish()
