"""Which responses are rewritten: those with a usage chunk that we asked for, and waiting ones."""

from __future__ import annotations

import pytest

from payi_transport.capture.rewrites import RequestRewrite
from payi_transport.context.results import ResultSlot
from payi_transport.rewrite.add_result import DocumentResult, StreamResult
from payi_transport.rewrite.include_usage import UsageHider
from payi_transport.rewrite.responses import find_response_rewriter
from tests.support.exchanges import make_request

SSE, JSON = "text/event-stream; charset=utf-8", "Application/JSON"


@pytest.mark.parametrize(
    ("hides", "waits", "status", "content_type", "encoding", "kind"),
    [
        (False, False, 200, JSON, "", None),
        (False, False, 200, SSE, "", None),
        (True, False, 200, SSE, "", UsageHider),
        (True, False, 200, SSE, "gzip", None),
        (True, True, 200, SSE, "", StreamResult),
        (False, True, 200, SSE, "", StreamResult),
        (False, True, 200, JSON, "", DocumentResult),
        (True, True, 200, JSON, "", DocumentResult),
        (True, False, 200, JSON, "", UsageHider),
        (True, True, 200, "text/plain", "", UsageHider),
        (False, True, 200, JSON, "br", None),
        (False, True, 299, JSON, "", DocumentResult),
        (False, True, 300, JSON, "", None),
        (False, True, 400, JSON, "", None),
        (True, True, 500, SSE, "", UsageHider),
        (False, True, 200, "audio/mpeg", "", None),
        (False, True, 200, "", "", None),
    ],
)
def test_a_response_is_rewritten_only_where_it_has_to_be(
    hides: bool, waits: bool, status: int, content_type: str, encoding: str, kind: type | None
) -> None:
    request = make_request(waits=waits, rewrite=RequestRewrite(hides_usage=hides))
    rewriter = find_response_rewriter(request.start_response(status, ()), content_type, encoding)
    assert (None if rewriter is None else type(rewriter)) == kind


def test_a_response_stays_unchanged_if_an_outer_hook_adds_the_result() -> None:
    response = make_request(waits=True, collected=True).start_response(200, ())
    assert find_response_rewriter(response, JSON, "") is None


def test_without_a_rewrite_of_the_request_nothing_is_hidden() -> None:
    assert find_response_rewriter(make_request().start_response(200, ()), SSE, "") is None


@pytest.mark.parametrize("content_type", [SSE, JSON])
def test_a_stream_gets_its_result_whatever_its_type_and_its_usage_stays_hidden(
    content_type: str,
) -> None:
    slot = ResultSlot()
    request = make_request(waits=True, rewrite=RequestRewrite(hides_usage=True), result_slot=slot)
    slot.result = {"request_id": "r"}
    rewriter = find_response_rewriter(request.start_response(200, ()), content_type, "")
    assert rewriter is not None
    finish = b'data: {"choices":[{"finish_reason":"stop"}]}\n\n'
    usage = b'data: {"choices":[],"usage":{"total_tokens":3}}\n\n'
    shown = rewriter.feed(finish) + rewriter.feed(usage) + rewriter.flush()
    assert shown == finish.replace(b"}\n", b',"xproxy_result":{"request_id":"r"}}\n')
    assert request.ended
