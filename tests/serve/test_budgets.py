"""The pace of limits, and when nothing will be left."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from payi_transport.serve.budgets import list_budgets
from payi_transport.serve.documents import put_document
from payi_transport.serve.limits import LimitDocument
from payi_transport.serve.service import Service
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
