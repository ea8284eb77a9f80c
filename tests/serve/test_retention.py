"""What is old goes, slice by slice, and a person is forgotten while the money stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest

from payi_transport.serve.command import open_service
from payi_transport.serve.retention import delete_slice, forget
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.views import Filters
from tests.serve.events import DAY, NOON, item, make_items, span

COST = Decimal("0.006")
ALL = span(NOON - 400 * DAY, NOON + DAY)
TABLES = ("events", "contents", "tags", "runs", "rollups", "histograms")


def add(service: Service, *items: dict[str, Any]) -> None:
    response = service.ingest_bulk(make_items(*items), updates=False).result()
    assert response["ingest_count"] == len(items)


def count(service: Service, table: str) -> int:
    [number] = service.store.reader.execute(f"SELECT COUNT(*) FROM {table}").fetchone()  # noqa: S608
    return int(number)


def full_item(day: int, **more: Any) -> dict[str, Any]:
    """Return an item of so many days ago that has a row in every table."""
    return item(
        NOON - day * DAY,
        use_case_name="chat",
        use_case_id=f"run-{day}",
        request_tags=["web"],
        end_to_end_latency_ms=900,
        time_to_first_token_ms=90,
        provider_request_json="{}",
        **more,
    )


def delete_all(service: Service, days: int, *, most: int, only_content: bool = False) -> int:
    slices = 0
    while delete_slice(service.store, NOON - days * DAY, only_content=only_content, most=most):
        slices += 1
    return slices


@pytest.mark.parametrize("most", [1, 3, 2000])
def test_what_is_old_leaves_every_table_in_slices(service: Service, most: int) -> None:
    add(service, *(full_item(day) for day in range(6)))
    slices = delete_all(service, 3, most=most)
    assert slices >= (6 if most == 1 else 1)
    assert [call.at for call in service.queries.calls(ALL).calls] == [NOON - day * DAY for day in range(4)]
    assert {table: count(service, table) for table in TABLES[:4]} == dict.fromkeys(TABLES[:4], 4)
    assert service.queries.figures(ALL).now.calls == 4
    assert [row.calls for row in service.queries.percentiles(ALL)] == [4]
    assert len(service.queries.runs(ALL).runs) == 4


def test_sums_go_by_whole_days(service: Service) -> None:
    add(service, item(NOON), item(NOON + timedelta(hours=1)))
    assert delete_slice(service.store, NOON + timedelta(minutes=30)) == 1
    assert len(service.queries.calls(span()).calls) == 1
    assert service.queries.figures(span()).now.calls == 2


def test_content_goes_alone(service: Service) -> None:
    add(service, full_item(0), full_item(5))
    assert delete_all(service, 3, most=1, only_content=True) == 1
    old, new = (service.queries.call(call.id) for call in reversed(service.queries.calls(ALL).calls))
    assert old is not None and old.request is None
    assert new is not None and new.request == "{}"


def test_a_service_deletes_while_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "serve.sqlite"
    with open_service(ServeSettings(file=file)) as service:
        add(service, full_item(0), full_item(300))
        now = service.now()
    # NOON is some days ago, the other event far more.
    days = (now - NOON) / DAY + 100
    with open_service(ServeSettings(file=file, keep_days=days, keep_content_days=0)) as service:
        while count(service, "events") > 1 or count(service, "contents"):
            service.store.write(lambda writing: None)
        assert service.queries.figures(ALL).now.cost == COST


FIELDS: list[tuple[Literal["user", "account"], str]] = [("user", "user_id"), ("account", "account_name")]


@pytest.mark.parametrize(("dimension", "field"), FIELDS)
def test_who_is_forgotten_is_in_no_table_and_the_money_stays(
    service: Service, dimension: Literal["user", "account"], field: str
) -> None:
    secret = {"properties": {"mail": "ann@acme"}, "provider_response_json": "Dear Ann"}
    add(
        service,
        *(full_item(day, **{field: "ann"}, **secret) for day in range(5)),
        item(NOON, **{field: "bob"}),
    )
    assert forget(service.store, dimension, "ann", most=2) == 5
    texts = "\n".join(service.store.reader.iterdump())
    assert "ann" not in texts.lower() and "bob" in texts
    groups = service.queries.breakdown(dimension, ALL).groups
    assert {group.name: group.sums.cost for group in groups} == {"": 5 * COST, "bob": COST}
    assert service.queries.figures(ALL, Filters(**{dimension: ""})).now.calls == 5  # type: ignore[arg-type]
    assert forget(service.store, dimension, "ann") is None


def test_who_has_no_calls_any_more_is_in_the_sums_until_forgotten(service: Service) -> None:
    add(service, item(NOON - timedelta(hours=1), user_id="ann"), item(NOON, user_id="bob"))
    delete_slice(service.store, NOON)
    assert forget(service.store, "user", "ann") == 0
    assert {group.name for group in service.queries.breakdown("user", ALL).groups} == {"", "bob"}
    assert forget(service.store, "user", "ann") is None


def test_who_has_calls_and_no_sums_any_more_is_forgotten(service: Service) -> None:
    add(service, item(user_id="ann"))
    service.store.write(lambda writing: writing.connection.execute("DELETE FROM rollups"))
    assert forget(service.store, "user", "ann") == 1


@pytest.mark.parametrize(
    "other",
    [{"account_name": "ann"}, {"request_tags": ["ann"]}, {"use_case_name": "u", "use_case_id": "ann"}],
    ids=str,
)
def test_a_text_that_names_something_else_as_well_stays_there(
    service: Service, other: dict[str, Any]
) -> None:
    add(service, item(user_id="ann"), item(**other))
    assert forget(service.store, "user", "ann") == 1
    assert service.store.reader.execute("SELECT 1 FROM names WHERE text = 'ann'").fetchone()
    calls = service.queries.calls(ALL).calls
    assert [call.user for call in calls] == ["", ""]


def test_a_service_that_runs_meanwhile_learns_that_a_name_is_gone(service: Service, tmp_path: Path) -> None:
    add(service, item(user_id="ann"))
    with open_service(ServeSettings(file=tmp_path / "serve.sqlite")) as other:
        assert forget(other.store, "user", "ann") == 1
        # It takes the number that became free.
        add(other, item(account_name="zoe"))
    add(service, item(user_id="ann", provider_response_id="again"))
    [found] = (call for call in service.queries.calls(ALL).calls if call.user)
    assert (found.user, found.account) == ("ann", "")


def test_nothing_is_left_of_a_name_in_the_files(tmp_path: Path) -> None:
    with open_service(ServeSettings(file=tmp_path / "serve.sqlite")) as service:
        add(service, full_item(0, user_id="unmistakable-name"))
        forget(service.store, "user", "unmistakable-name")
    for file in tmp_path.iterdir():
        assert b"unmistakable-name" not in file.read_bytes(), file
    with closing(sqlite3.connect(tmp_path / "serve.sqlite")) as connection, connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
