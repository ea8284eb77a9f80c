"""What the log tells of calls that could say more: each once, with what to do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from payi_transport import MemorySink, ingest, payi_flush, payi_instrument, payi_stats, proxy, track_context
from tests.support.calls import call
from tests.support.wire_cases import UNARY


def test_a_malformed_header_is_logged_once_and_the_call_goes_on(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink)
    for _ in range(2):
        call(headers={"xProxy-Request-Properties": "SECRET", "xProxy-User-ID": "v"})
    assert payi_flush(10)
    assert [event.user_id for event in sink.events] == ["v", "v"]
    [record] = [record for record in caplog.records if record.name == "payi.instrument"]
    message = record.getMessage()
    assert "the header xProxy-Request-Properties of a call is malformed and was ignored" in message
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize(
    ("decorator", "mode", "told"), [(ingest, True, 1), (proxy, False, 1), (proxy, True, 0)]
)
def test_a_decorator_for_another_mode_than_its_calls_is_warned_about(
    decorator: Any,
    mode: bool,
    told: int,
    sink: MemorySink,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    payi_instrument(sink=sink, config={"proxy": mode})
    decorator()(call)()
    assert (
        sum("inside a function decorated with @" in record.getMessage() for record in caplog.records) == told
    )


def test_an_unmapped_azure_deployment_is_logged_once_unless_the_call_has_a_price(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink)
    url = "https://mine.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
    response = httpx.Response(200, headers=UNARY.headers, content=UNARY.response)
    with httpx.Client(transport=httpx.MockTransport(lambda request: response)) as client:
        with track_context(price_as_resource="gpt-4.1"):
            client.post(url, content=UNARY.request)
            assert payi_flush(10)
        assert caplog.records == []
        for _ in range(2):
            client.post(url, content=UNARY.request)
    assert payi_flush(10)
    assert [event.resource for event in sink.events] == ["gpt-4.1", "my-gpt", "my-gpt"]
    assert {event.category for event in sink.events} == {"system.azureopenai"}
    [record] = [record for record in caplog.records if record.name == "payi.instrument"]
    assert '"model": "my-gpt"' in record.getMessage()


def test_an_unknown_host_is_logged_once_with_the_mapping_to_add(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink)
    response = httpx.Response(200, headers=UNARY.headers, content=UNARY.response)
    with httpx.Client(transport=httpx.MockTransport(lambda request: response)) as client:
        for _ in range(2):
            client.post("https://llm.example.org/v1/chat/completions?key=SECRET", content=UNARY.request)
    assert payi_stats().captured == 0
    [record] = [record for record in caplog.records if record.name == "payi.instrument"]
    assert '{"host_mappings": {"llm.example.org": {' in record.getMessage()
    assert "SECRET" not in record.getMessage()
