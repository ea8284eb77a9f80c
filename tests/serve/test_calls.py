"""Lists go on where they ended, whatever arrives meanwhile."""

from __future__ import annotations

from decimal import Decimal

from payi_transport.serve.service import Service
from payi_transport.serve.views import Filters
from tests.serve.events import DAY, NOON, item, make_items, span


def test_pages_of_calls_follow_each_other_while_more_arrive(service: Service) -> None:
    # Several calls at the same moment.
    service.ingest_bulk(
        make_items(*(item(NOON - DAY / 24 * (n // 3)) for n in range(10))), updates=False
    ).result()
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = service.queries.calls(span(), cursor=cursor, most=3)
        seen += [call.id for call in page.calls]
        service.ingest_bulk(make_items(item(NOON + DAY / 2)), updates=False).result()
        cursor = page.cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 10
    assert service.queries.calls(span(), most=10**9).cursor is None


def test_runs_are_listed_by_time_and_by_cost(service: Service) -> None:
    calls = [
        item(
            NOON + DAY / 24 * n, use_case_name="chat", use_case_id=f"r{n}", units={"text": {"input": tokens}}
        )
        for n, tokens in enumerate((1000, 5000, 3000))
    ]
    calls.append(item(NOON + DAY / 4, use_case_name="chat", use_case_id="r0", units={"text": {"input": 1}}))
    service.ingest_bulk(make_items(*calls), updates=False).result()

    def walk(*, by_cost: bool) -> list[str]:
        first = service.queries.runs(span(), by_cost=by_cost, most=2)
        rest = service.queries.runs(span(), by_cost=by_cost, most=2, cursor=first.cursor)
        assert rest.cursor is None
        return [run.run for run in (*first.runs, *rest.runs)]

    assert walk(by_cost=False) == ["r2", "r1", "r0"]
    assert walk(by_cost=True) == ["r1", "r2", "r0"]
    [run] = [run for run in service.queries.runs(span()).runs if run.run == "r0"]
    assert (run.started, run.ended, run.sums.calls) == (NOON, NOON + DAY / 4, 2)


def test_a_call_shows_what_is_known_of_its_price(service: Service) -> None:
    calls = [
        item(),
        item(resource="unheard-of"),
        item(units={"text": {"input": 1000}, "unheard_of": {"input": 5}}),
        item(properties={"system.billing": "subscription"}),
    ]
    service.ingest_bulk(make_items(*calls), updates=False).result()
    found = [(call.price_status, call.cost) for call in reversed(service.queries.calls(span()).calls)]
    assert found == [
        ("priced", Decimal("0.006")),
        ("unpriced", None),
        ("partial", Decimal("0.002")),
        ("included", Decimal(0)),
    ]
    assert len(service.queries.calls(span(), Filters(unpriced=True)).calls) == 2
    assert service.queries.call(99) is None
