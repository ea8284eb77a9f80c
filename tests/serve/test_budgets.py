"""The pace of limits, and when nothing will be left."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.serve.budgets import list_budgets
from payi_transport.serve.documents import put_document
from payi_transport.serve.limits import LimitDocument, Spent
from payi_transport.serve.service import Service
from payi_transport.serve.store import Writing
from payi_transport.serve.views import Budget
from tests.serve.events import DAY, NOON, item, make_items

COST = Decimal("0.006")


def look(service: Service, most: str, *, age: int = 30) -> Budget:
    limit = LimitDocument(
        limit_id="L",
        limit_name="n",
        limit_type="allow",
        max=Decimal(most),
        created=NOON - age * DAY,
        updated=NOON,
    )
    service.store.write(lambda writing: put_document(writing.connection, limit, "L"))
    calls = [item(NOON - number * DAY / 2, limit_ids=["L"]) for number in range(14)]
    service.ingest_bulk(make_items(*calls), updates=True).result()
    [budget] = list_budgets(service.store.reader, NOON)
    return budget


def test_the_pace_of_the_last_seven_days_says_when_nothing_is_left(service: Service) -> None:
    budget = look(service, "0.204")
    assert (budget.spent, budget.pace) == (14 * COST, 2 * COST)
    # 0.12 dollars are left, at 0.012 a day.
    assert budget.full_at == NOON + 10 * DAY


@pytest.mark.parametrize("most", ["0", "0.05", "1000000"], ids=["none", "spent", "centuries"])
def test_where_no_date_makes_sense_there_is_none(service: Service, most: str) -> None:
    assert look(service, most).full_at is None


def test_the_first_minutes_of_a_limit_make_no_wild_pace(service: Service) -> None:
    budget = look(service, "1", age=0)
    assert budget.pace == COST
    assert budget.full_at == NOON + timedelta(days=float((1 - 14 * COST) / COST))


def test_calls_of_the_last_seven_days_without_a_price_are_counted(service: Service) -> None:
    assert look(service, "1").unpriced == 0
    times = (NOON, NOON - DAY, NOON - 8 * DAY)
    calls = make_items(*(item(at, resource="x", limit_ids=["L"]) for at in times))
    service.ingest_bulk(calls, updates=False).result()
    [budget] = list_budgets(service.store.reader, NOON)
    assert budget.unpriced == 2


def test_the_fullest_limit_comes_first(service: Service) -> None:
    def put(limit_id: str, most: str) -> None:
        limit = LimitDocument(
            limit_id=limit_id,
            limit_name="n",
            limit_type="allow",
            max=Decimal(most),
            created=NOON,
            updated=NOON,
        )
        service.store.write(lambda writing: put_document(writing.connection, limit, limit_id))

    put("large", "100")
    put("small", "1")
    [both] = make_items(item(limit_ids=["large", "small"]))
    service.ingest(both).result()
    assert [budget.limit_id for budget in service.queries.budgets()] == ["small", "large"]


def make(**fields: Any) -> LimitDocument:
    values: dict[str, Any] = {
        "limit_id": "L",
        "limit_name": "n",
        "limit_type": "allow",
        "max": Decimal(1),
        "created": NOON - 30 * DAY,
        "updated": NOON,
    }
    return LimitDocument(**{**values, **fields})


def describe(service: Service, *limits: LimitDocument) -> list[Budget]:
    def put_all(writing: Writing) -> None:
        for limit in limits:
            put_document(writing.connection, limit, limit.limit_id)

    service.store.write(put_all)
    return list_budgets(service.store.reader, NOON)


def test_a_budget_has_each_field_of_its_limit(service: Service) -> None:
    spent = Spent(total=Decimal("0.9"), calls={"ok": 2})
    limit = make(limit_type="block", threshold=Decimal("0.8"), reset=NOON - DAY, spent=spent)
    assert describe(service, limit) == [
        Budget(
            limit_id="L",
            name="n",
            type="block",
            max=Decimal(1),
            threshold=Decimal("0.8"),
            spent=Decimal("0.9"),
            state="exceeded",
            calls={"ok": 2},
            created=NOON - 30 * DAY,
            reset=NOON - DAY,
            pace=Decimal(0),
            full_at=None,
            unpriced=0,
        )
    ]
    [usual] = describe(service, make())
    assert usual.threshold == 1


def test_a_limit_without_calls_has_not_the_pace_of_others(service: Service) -> None:
    service.ingest_bulk(make_items(item(NOON)), updates=False).result()
    [budget] = describe(service, make())
    assert budget.pace == 0


def test_the_pace_is_that_since_the_reset_and_of_seven_days_at_most(service: Service) -> None:
    def pace(**fields: Any) -> Decimal:
        [budget] = describe(service, make(**fields))
        return budget.pace

    describe(service, make())
    ages = (0, 2, 6, 8)
    calls = [item(NOON - age * DAY, limit_ids=["L"]) for age in ages]
    service.ingest_bulk(make_items(*calls), updates=False).result()
    assert pace() == 3 * COST / 7
    assert pace(reset=NOON - 3 * DAY) == 2 * COST / 3
    assert pace(created=NOON - 4 * DAY) == 2 * COST / 4
    # A reset is what counts, however old the limit is.
    assert pace(created=NOON - 6 * DAY, reset=NOON - 2 * DAY) == 2 * COST / 2
    # The quarter of an hour that is not over yet counts.
    service.ingest_bulk(make_items(item(NOON + DAY / 100, limit_ids=["L"])), updates=False).result()
    assert pace() == 4 * COST / 7


@pytest.mark.parametrize(
    ("most", "has_date"), [("0", False), ("0.006", False), ("21.906", True), ("21.907", False)]
)
def test_a_date_is_at_most_ten_years_ahead(most: str, has_date: bool, service: Service) -> None:
    describe(service, make(created=NOON - DAY, max=Decimal(most)))
    service.ingest_bulk(make_items(item(NOON, limit_ids=["L"])), updates=False).result()
    [budget] = list_budgets(service.store.reader, NOON)
    # 21.9 dollars are left, at 0.006 a day.
    assert budget.full_at == (NOON + 3650 * DAY if has_date else None)


def test_budgets_are_in_the_order_of_their_shares(service: Service) -> None:
    def limit(name: str, most: str, spent: str) -> LimitDocument:
        return make(limit_id=name, max=Decimal(most), spent=Spent(total=Decimal(spent)))

    found = describe(
        service, limit("a", "10", "5"), limit("b", "0", "3"), limit("c", "1", "2"), limit("d", "0", "0")
    )
    assert [budget.limit_id for budget in found] == ["b", "c", "a", "d"]


def test_without_a_moment_it_is_now(service: Service) -> None:
    describe(service, make(created=service.now()))
    service.ingest_bulk(make_items(item(service.now(), limit_ids=["L"])), updates=False).result()
    [budget] = list_budgets(service.store.reader)
    assert budget.pace == COST
