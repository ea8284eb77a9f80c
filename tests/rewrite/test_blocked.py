"""The response to a call that is not sent: what each SDK takes for its own permission error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payi_transport.rewrite.blocked import make_blocked_response, make_refusal

MESSAGE = "Pay-i: limit l-1 is blocked, so the request was not sent; raise or reset the limit in Pay-i"


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (
            "openai.chat",
            {
                "error": {
                    "message": MESSAGE,
                    "type": "permission_error",
                    "param": None,
                    "code": "limit_blocked",
                }
            },
        ),
        ("anthropic.messages", {"type": "error", "error": {"type": "permission_error", "message": MESSAGE}}),
        ("google.content", {"error": {"code": 403, "message": MESSAGE, "status": "PERMISSION_DENIED"}}),
        ("bedrock.converse", {"message": MESSAGE}),
    ],
)
def test_a_blocked_response_has_its_providers_format(operation: str, body: dict[str, Any]) -> None:
    blocked = make_blocked_response(operation, "l-1")
    headers = dict(zip(blocked.headers[::2], blocked.headers[1::2], strict=True))
    assert (blocked.status, json.loads(blocked.body)) == (403, body)
    assert headers[b"content-length"] == str(len(blocked.body)).encode()
    assert headers[b"x-should-retry"] == b"false"
    assert headers[b"content-type"] == b"application/json"
    assert (b"x-amzn-errortype" in headers) == operation.startswith("bedrock.")


@pytest.mark.parametrize("state", ["blocked", "overrun", "exceeded", "failed"])
def test_the_message_names_the_state_that_blocks(state: str) -> None:
    body = json.loads(make_blocked_response("openai.chat", "l-1", state).body)
    assert body["error"]["message"].startswith(f"Pay-i: limit l-1 is {state}, so the request was not sent")


def test_an_unknown_provider_gets_openais_format() -> None:
    assert "error" in json.loads(make_blocked_response("databricks.invocations", "ü").body)


@pytest.mark.parametrize("operation", ["openai.chat", "anthropic.messages"])
def test_a_refusal_says_its_reason_as_it_is(operation: str) -> None:
    refused = make_refusal(operation, "the budget is spent: \u20ac5")
    assert json.loads(refused.body)["error"]["message"] == "the budget is spent: \u20ac5"
    assert refused.status == 403
