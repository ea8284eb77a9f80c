"""Each field of a call in a list, and where a page of a list begins and ends."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.serve.calls import list_calls, list_runs
from payi_transport.serve.faults import Refusal
from payi_transport.serve.periods import in_ms
from payi_transport.serve.selection import select
from payi_transport.serve.service import Service
from payi_transport.serve.views import CallRow, Filters, Run, Sums
from tests.serve.events import DAY, NOON, item, make_items, span

MINUTE = timedelta(minutes=1)


def add(service: Service, *calls: dict[str, Any]) -> None:
    assert service.ingest_bulk(make_items(*calls), updates=False).result()["error_count"] == 0


def test_a_call_has_each_of_its_fields(service: Service) -> None:
    add(
        service,
        item(
            NOON,
            use_case_name="chat",
            use_case_id="one",
            use_case_step="plan",
            account_name="acme",
            user_id="ann",
            properties={"environment": "test"},
            end_to_end_latency_ms=900,
            time_to_first_token_ms=90,
            provider_response_id="own",
            provider_request_json="{}",
            provider_response_json=["a", "b"],
        ),
    )
    [call] = service.queries.calls(span()).calls
    assert call == CallRow(
        id=1,
        at=NOON,
        use_case="chat",
        run="one",
        step="plan",
        model="gpt-4.1",
        category="system.openai",
        account="acme",
        user="ann",
        environment="test",
        status=200,
        failed=False,
        latency=900,
        first_token=90,
        input=1000,
        output=500,
        cost=Decimal("0.006"),
        price_status="priced",
    )
    found = service.queries.call(1)
    assert found is not None
    assert (found.call, found.response_id, found.request, found.response) == (call, "own", "{}", "a\nb")
    assert found.detail.cost == call.cost


def test_what_a_call_does_not_have_is_empty(service: Service) -> None:
    add(service, item(resource=None, http_status_code=None), item(http_status_code=429))
    failed, call = service.queries.calls(span()).calls
    names = (call.use_case, call.run, call.step, call.model, call.account, call.user, call.environment)
    assert names == ("",) * 7
    assert (call.status, call.latency, call.first_token, call.failed) == (None, None, None, False)
    assert (failed.status, failed.failed) == (429, True)
    found = service.queries.call(call.id)
    assert found is not None and (found.request, found.response) == (None, None)


@pytest.mark.parametrize("content", ["provider_request_json", "provider_response_json"])
def test_a_request_or_a_response_is_kept_alone_as_well(content: str, service: Service) -> None:
    fields: dict[str, Any] = {content: "text"}
    add(service, item(**fields))
    found = service.queries.call(1)
    assert found is not None
    assert [found.request, found.response].count("text") == 1


def test_a_span_has_its_start_and_not_its_end(service: Service) -> None:
    quarter = timedelta(minutes=15)
    add(service, *(item(NOON + n * quarter) for n in (-1, 0, 1, 2)))
    times = span(NOON, NOON + 2 * quarter)
    assert [call.at for call in service.queries.calls(times).calls] == [NOON + quarter, NOON]
    selection = select(service.store.reader, Filters())
    assert len(list_calls(service.store.reader, selection, in_ms(times), None, 1000).calls) == 2


@pytest.mark.parametrize(("most", "shown"), [(-5, 1), (0, 1), (1, 1), (2, 2), (3, 3)])
def test_a_page_of_calls_has_at_least_one_and_a_cursor_if_there_are_more(
    most: int, shown: int, service: Service
) -> None:
    add(service, *(item(NOON - n * MINUTE) for n in range(3)))
    page = service.queries.calls(span(), most=most)
    assert [call.id for call in page.calls] == [1, 2, 3][:shown]
    assert (page.cursor is None) is (shown == 3)


def test_a_page_has_up_to_a_thousand(service: Service) -> None:
    run: dict[str, Any] = {"use_case_name": "c"}
    add(service, *(item(NOON - n * MINUTE / 60, use_case_id=f"r{n}", **run) for n in range(1001)))
    queries = service.queries
    assert len(queries.calls(span(), most=1001).calls) == 1000
    assert len(queries.runs(span(), most=1001).runs) == 1000
    for page in (queries.calls(span(), most=10**9), queries.runs(span(), most=10**9)):
        assert page.cursor is not None
    last = queries.runs(span(), cursor=queries.runs(span(), most=1000).cursor)
    assert [each.run for each in last.runs] == ["r1000"]


@pytest.mark.parametrize(("most", "shown"), [(0, 1), (1, 1), (2, 2), (3, 2)])
def test_a_page_of_runs_has_at_least_one_and_a_cursor_if_there_are_more(
    most: int, shown: int, service: Service
) -> None:
    add(service, *(item(NOON - n * MINUTE, use_case_name="c", use_case_id=f"r{n}") for n in range(2)))
    for by_cost in (False, True):
        page = service.queries.runs(span(), by_cost=by_cost, most=most)
        assert len(page.runs) == shown
        assert (page.cursor is None) is (shown == 2)


def test_runs_are_those_that_started_in_a_span(service: Service) -> None:
    for name, at in (("early", NOON - MINUTE), ("first", NOON), ("last", NOON + 2 * DAY)):
        add(service, item(at, use_case_name="c", use_case_id=name, account_name="acme"))
    times = in_ms(span(NOON, NOON + 2 * DAY))
    [run] = list_runs(service.store.reader, times, by_cost=False, cursor=None, most=10).runs
    sums = Sums(calls=1, cost=Decimal("0.006"), input=1000, output=500)
    assert run == Run("first", "c", "acme", NOON, NOON, sums)


def test_runs_that_cost_the_same_follow_each_other_once(service: Service) -> None:
    add(service, *(item(NOON, use_case_name="c", use_case_id=f"r{n}") for n in range(5)))
    for by_cost in (False, True):
        seen: list[str] = []
        cursor: str | None = None
        for _ in range(3):
            page = service.queries.runs(span(), by_cost=by_cost, cursor=cursor, most=2)
            seen += [run.run for run in page.runs]
            cursor = page.cursor
        assert (sorted(seen), cursor) == ([f"r{n}" for n in range(5)], None)


@pytest.mark.parametrize("cursor", ["x", "1", "1.", ".1", "1.x", "x.1", "1.2.3", "1,2"])
def test_a_cursor_of_another_list_is_refused(cursor: str, service: Service) -> None:
    for ask in (service.queries.calls, service.queries.runs):
        with pytest.raises(Refusal) as raised:
            ask(span(), cursor=cursor)
        assert (raised.value.code, raised.value.message) == (
            "invalid_cursor",
            f"{cursor!r} is not a cursor of this list",
        )
    assert service.queries.calls(span(), cursor="").calls == []


def test_a_call_before_1970_can_be_a_cursor(service: Service) -> None:
    add(service, item(datetime(1970, 1, 1, tzinfo=timezone.utc)))
    times = span(datetime(1970, 1, 1, tzinfo=timezone.utc), NOON)
    assert len(service.queries.calls(times).calls) == 1
    assert service.queries.calls(times, cursor="-5.1").calls == []
