"""The types of both clients, checked by the type checkers and, to see that they are true, at runtime."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from typing import Any

import anyio
import httpx
import pytest
from typing_extensions import assert_type

from payi_transport import AsyncPayi, Payi, increment_kpi_score, increment_kpi_score_async
from payi_transport.client.responses import APIResponse, AsyncAPIResponse
from payi_transport.pagination import AsyncCursorPage, AsyncPaginator, SyncCursorPage
from payi_transport.types import (
    BulkIngestResponse,
    CategoryResourceResponse,
    IngestResponse,
    Limit,
    LimitResponse,
    RequestResult,
    UseCaseInstanceResponse,
    UseCaseValueResponse,
    XproxyResult,
)
from payi_transport.types.use_cases import KpiListResponse, UseCaseDefinitionResponse
from payi_transport.types.use_cases.definitions import KpiResponse
from tests.client.response_bodies import LIMIT, RESULT, WHEN_TEXT

BODY = {
    "event_timestamp": WHEN_TEXT,
    "items": [{**LIMIT, "category": "c"}],
    "limit": LIMIT,
    "request_id": "r1",
    "xproxy_result": RESULT,
}


def respond(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=[BODY] if request.method == "DELETE" else BODY)


@pytest.fixture
def client() -> Iterator[Payi]:
    with Payi(api_key="k", http_client=httpx.Client(transport=httpx.MockTransport(respond))) as client:
        yield client


def make_async_client() -> AsyncPayi:
    return AsyncPayi(api_key="k", http_client=httpx.AsyncClient(transport=httpx.MockTransport(respond)))


def test_a_call_has_the_type_of_its_response(client: Payi) -> None:
    taken = assert_type(client.ingest.units(category="c", units={"t": {"input": 1}}), IngestResponse)
    assert isinstance(assert_type(taken.event_timestamp, datetime), datetime)
    assert isinstance(assert_type(taken.xproxy_result, XproxyResult), XproxyResult)
    assert_type(client.ingest.bulk(events=[{"category": "c", "units": {}}]), BulkIngestResponse)
    limit = assert_type(client.limits.retrieve("L1"), LimitResponse)
    assert isinstance(assert_type(limit.limit.max, float), float)
    assert_type(client.categories.delete_resource("r", category="c"), list[CategoryResourceResponse])
    assert_type(client.use_cases.create("bot"), UseCaseInstanceResponse)
    assert_type(client.use_cases.definitions.version.increment("bot"), UseCaseDefinitionResponse)
    kpis = client.use_cases.definitions.kpis
    assert_type(kpis.retrieve("solved", use_case_name="bot"), KpiResponse)
    assert_type(client.use_cases.value("u1", use_case_name="bot"), UseCaseValueResponse)
    assert_type(client.reports.retrieve("r1", from_="2026-05-01", to="2026-06-01"), str)
    assert_type(client.requests.request_id.result.retrieve("r1"), RequestResult)
    assert_type(increment_kpi_score(client, "solved", "bot", "u1"), bool)


def test_a_list_has_the_type_of_its_items(client: Payi) -> None:
    page = assert_type(client.limits.list(limit=3), SyncCursorPage[Limit])
    assert isinstance(page, SyncCursorPage)
    assert_type(page.items, list[Limit])
    assert [type(assert_type(limit, Limit)) for limit in page] == [Limit]
    assert_type(client.use_cases.kpis.list("u1", use_case_name="bot"), SyncCursorPage[KpiListResponse])


def test_a_raw_call_has_the_type_that_it_parses_to(client: Payi) -> None:
    response = assert_type(client.limits.with_raw_response.retrieve("L1"), APIResponse[LimitResponse])
    assert isinstance(assert_type(response.parse(), LimitResponse), LimitResponse)
    again = assert_type(client.with_raw_response.limits.list(), APIResponse[SyncCursorPage[Limit]])
    assert isinstance(again.parse(), SyncCursorPage)
    entered = client.with_streaming_response.limits.retrieve("L1")
    assert_type(entered, AbstractContextManager[APIResponse[LimitResponse]])
    pages = client.limits.with_streaming_response.list()
    assert_type(pages, AbstractContextManager[APIResponse[SyncCursorPage[Limit]]])


def test_async_calls_have_the_same_types() -> None:
    async def main() -> None:
        async with make_async_client() as client:
            asked = assert_type(client.limits.retrieve("L1"), Coroutine[Any, Any, LimitResponse])
            assert isinstance(assert_type(await asked, LimitResponse), LimitResponse)
            pages = assert_type(client.limits.list(), AsyncPaginator[Limit])
            page = assert_type(await pages, AsyncCursorPage[Limit])
            assert [type(assert_type(limit, Limit)) async for limit in page] == [Limit]
            raw = await client.limits.with_raw_response.retrieve("L1")
            assert_type(raw, AsyncAPIResponse[LimitResponse])
            assert isinstance(assert_type(await raw.parse(), LimitResponse), LimitResponse)
            again = await client.with_raw_response.limits.list()
            assert_type(again, AsyncAPIResponse[AsyncCursorPage[Limit]])
            entered = client.with_streaming_response.limits.retrieve("L1")
            assert_type(entered, AbstractAsyncContextManager[AsyncAPIResponse[LimitResponse]])
            listed = client.limits.with_streaming_response.list()
            assert_type(listed, AbstractAsyncContextManager[AsyncAPIResponse[AsyncCursorPage[Limit]]])
            assert_type(await increment_kpi_score_async(client, "solved", "bot", "u1"), bool)

    anyio.run(main)


def test_wrong_calls_are_errors_for_type_checkers_too(client: Payi) -> None:
    with pytest.raises(TypeError):
        client.limits.retrieve("L1", nonsense=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        client.limits.retrieve()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        client.limits.create("monthly", 3)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        client.with_raw_response.with_raw_response  # type: ignore[arg-type]  # noqa: B018
