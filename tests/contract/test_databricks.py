"""Databricks's SDK on requests: it sees no difference, and a call is one event."""

from __future__ import annotations

from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.service.serving import ChatMessage, ChatMessageRole

from payi_transport import MemorySink
from tests.contract.responses import UNARY, make_response, view_both, view_errors
from tests.support.exchanges import events_of, shown
from tests.support.origin import CannedResponse, Origin


def ask_databricks(url: str, **options: Any) -> Any:
    client = WorkspaceClient(config=Config(host=url, token="dapi-secret", http_timeout_seconds=30))
    messages = [ChatMessage(role=ChatMessageRole.USER, content="Hello")]
    response = client.serving_endpoints.query("my-endpoint", messages=messages, **options)
    return response.as_dict()


def test_databricks_sdk_is_recorded(origin: Origin, sink: MemorySink) -> None:
    without, within = view_both(origin, sink, make_response(UNARY))(lambda: ask_databricks(origin.url))
    assert within == without
    assert within["usage"]["total_tokens"] == 29
    [event] = events_of(sink)
    assert event.provider_uri == f"{origin.url}/serving-endpoints/my-endpoint/invocations"
    assert shown(event, ["units"]) == {"units": UNARY.event["units"]}
    assert event.resource == "my-endpoint"
    assert "dapi-secret" not in repr(event)


def test_an_error_of_databricks_is_the_sdks_own(origin: Origin, sink: MemorySink) -> None:
    error = CannedResponse(
        [b'{"error_code":"BAD_REQUEST","message":"no"}'],
        status=400,
        headers={"content-type": "application/json"},
    )
    without, within = view_errors(origin, sink, error)(lambda: ask_databricks(origin.url))
    assert within == without
    assert within == (within[0], "no")
    assert [event.http_status_code for event in events_of(sink)] == [400]
