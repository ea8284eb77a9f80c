"""A code of Pay-i's decides before the status: whom it blames, and for what."""

from __future__ import annotations

import httpx
import pytest

from payi_transport.sinks.payi_codes import blames_event, find_field, read_code
from tests.sinks.events import event
from tests.sinks.payi_delivery import Delivery


@pytest.mark.parametrize("status", [400, 500])
def test_an_error_that_never_passes_is_lost_at_once(status: int) -> None:
    delivery = Delivery()
    error = {"xproxy_error": {"code": "request_processing_error"}}
    delivery.before = lambda: httpx.Response(status, json=error)
    assert delivery.deliver(event(1, user_id="u")).rejected == {0: f"status_{status}"}
    assert len(delivery.paths) == 1


@pytest.mark.parametrize(
    ("code", "denied"), [("invalid_api_key", True), ("header_is_missing", True), ("unexpected_error", False)]
)
def test_a_code_that_blames_no_event_loses_none(code: str, denied: bool) -> None:
    delivery = Delivery()
    delivery.before = lambda: httpx.Response(400, json={"xproxy_error": {"code": code}})
    receipt = delivery.deliver(event(1, user_id="u"), event(2))
    assert (list(receipt.retry), receipt.rejected, receipt.denied) == ([0, 1], {}, denied)
    assert code in (receipt.problem or "")


@pytest.mark.parametrize(
    ("code", "field"),
    [
        ("invalid_use_case_name", "use_case_name"),
        ("invalid_limit_ids", "limit_ids"),
        ("invalid_use_case_properties", "use_case_properties"),
        ("category_resource_not_found", "resource"),
        ("invalid_api_key", None),
        ("invalid_", None),
        ("", None),
    ],
)
def test_a_code_names_a_field(code: str, field: str | None) -> None:
    assert find_field(code) == field
    assert blames_event(code) == (field is not None)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ({"xproxy_error": {"code": "c"}}, "c"),
        ({"xproxy_result": {"xproxy_error": {"code": "c"}}}, "c"),
        ({"xproxy_error": {"code": 1}}, ""),
        ({"xproxy_error": "c"}, ""),
        ({"xproxy_result": ["c"]}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_a_code_is_read_from_whatever_comes(result: object, code: str) -> None:
    assert read_code(result) == code
