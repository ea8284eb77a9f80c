"""The status and the body of each refusal, as Pay-i's error reference has them."""

from __future__ import annotations

import pytest

from payi_transport.serve.faults import Refusal

STATUSES = {
    "invalid_json": 400,
    "invalid_limit_ids": 400,
    "anything_else": 400,
    "invalid_api_key": 401,
    "host_not_allowed": 403,
    "origin_not_allowed": 403,
    "not_found": 404,
    "use_case_not_found": 404,
    "use_case_instance_not_found": 404,
    "category_not_found": 404,
    "category_resource_not_found": 404,
    "limit_not_found": 404,
    "kpi_not_found": 404,
    "request_not_found": 404,
    "method_not_allowed": 405,
    "already_exists": 409,
    "body_too_large": 413,
    "limit_blocked": 424,
    "websocket_not_supported": 426,
    "unexpected_error": 500,
    "provider_unreachable": 502,
}


@pytest.mark.parametrize(("code", "status"), STATUSES.items())
def test_each_code_has_its_status(code: str, status: int) -> None:
    refusal = Refusal(code, "why")
    assert refusal.status == status
    assert refusal.to_body() == {
        "message": "why",
        "statusCode": status,
        "xproxy_error": {"code": code, "message": "why"},
    }


def test_without_a_message_the_code_is_the_message() -> None:
    refusal = Refusal("limit_not_found")
    assert (str(refusal), refusal.message) == ("limit_not_found", "limit_not_found")
    assert str(Refusal("limit_not_found", "why")) == "why"
