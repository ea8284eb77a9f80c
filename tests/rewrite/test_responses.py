"""Which answers are changed on their way: those that we asked a usage chunk of, and those that wait."""

from __future__ import annotations

import pytest

from payi_transport.capture.exchange import RequestRewrite
from payi_transport.rewrite.add_result import DocumentResult, StreamResult
from payi_transport.rewrite.include_usage import UsageHider
from payi_transport.rewrite.responses import find_response_rewriter
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import CASES

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
        (False, True, 400, JSON, "", None),
        (True, True, 500, SSE, "", UsageHider),
        (False, True, 200, "audio/mpeg", "", None),
        (False, True, 200, "", "", None),
    ],
)
def test_an_answer_is_changed_only_where_it_has_to_be(
    hides: bool, waits: bool, status: int, content_type: str, encoding: str, kind: type | None
) -> None:
    exchange = make_exchange(CASES[0])
    exchange.waits, exchange.status = waits, status
    exchange.detour = RequestRewrite(hides_usage=True) if hides else RequestRewrite()
    rewriter = find_response_rewriter(exchange, content_type, encoding)
    assert (None if rewriter is None else type(rewriter)) == kind


def test_what_a_hook_further_out_adds_a_result_to_stays_as_it_is() -> None:
    exchange = make_exchange(CASES[0])
    exchange.waits, exchange.status, exchange.collected = True, 200, True
    assert find_response_rewriter(exchange, JSON, "") is None


def test_without_a_detour_nothing_is_hidden() -> None:
    assert find_response_rewriter(make_exchange(CASES[0]), SSE, "") is None
