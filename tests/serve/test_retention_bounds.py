"""What is exactly as old as the bound stays, and each kind of row goes when its time has come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from payi_transport.serve.retention import delete_slice, forget
from payi_transport.serve.service import Service
from tests.serve.events import DAY, NOON, item
from tests.serve.test_retention import ALL, add, count, full_item

MS = timedelta(milliseconds=1)
MIDNIGHT = NOON - timedelta(hours=12)


@pytest.mark.parametrize(("before", "left"), [(NOON, 1), (NOON + MS, 0), (NOON - MS, 1)])
def test_a_call_that_is_as_old_as_the_bound_stays(before: Any, left: int, service: Service) -> None:
    add(service, full_item(0))
    delete_slice(service.store, before)
    assert {table: count(service, table) for table in ("events", "tags", "contents")} == {
        "events": left,
        "tags": left,
        "contents": left,
    }


@pytest.mark.parametrize(("before", "left"), [(NOON, True), (NOON + MS, False)])
def test_so_does_content(before: Any, left: bool, service: Service) -> None:
    add(service, full_item(0))
    assert delete_slice(service.store, before, only_content=True) == (0 if left else 1)
    found = service.queries.call(1)
    assert found is not None and (found.request == "{}") is left
    assert count(service, "events") == 1


def test_sums_and_runs_of_a_day_go_when_it_is_over(service: Service) -> None:
    add(service, full_item(0))
    # Its calls are gone, and its sums are of a day that has only begun to be old.
    delete_slice(service.store, MIDNIGHT + DAY - MS)
    assert count(service, "events") == 0
    assert service.queries.figures(ALL).now.calls == 1
    assert len(service.queries.runs(ALL).runs) == 1
    assert count(service, "histograms") > 0
    while delete_slice(service.store, MIDNIGHT + DAY):
        pass
    assert service.queries.figures(ALL).now.calls == 0
    assert {table: count(service, table) for table in ("runs", "rollups", "histograms")} == {
        "runs": 0,
        "rollups": 0,
        "histograms": 0,
    }


def test_a_run_goes_by_its_end(service: Service) -> None:
    run: dict[str, Any] = {"use_case_name": "c", "use_case_id": "one"}
    add(service, item(NOON - 2 * DAY, **run), item(NOON, **run))
    while delete_slice(service.store, MIDNIGHT):
        pass
    assert [found.run for found in service.queries.runs(ALL).runs] == ["one"]


@pytest.mark.parametrize("most", [1, 2])
def test_a_slice_deletes_the_oldest_calls_first_and_says_how_many_rows(most: int, service: Service) -> None:
    add(service, *(item(NOON - timedelta(minutes=n)) for n in (2, 0, 1)))
    assert delete_slice(service.store, NOON + MS, most=most) == most
    left = [call.id for call in service.queries.calls(ALL).calls]
    assert left == [2, 3, 1][: 3 - most]


def test_who_is_forgotten_has_no_runs_and_others_keep_theirs(service: Service) -> None:
    add(
        service,
        full_item(0, user_id="ann", use_case_properties={"a": "b"}),
        full_item(1, user_id="bob"),
    )
    assert forget(service.store, "user", "ann") == 1
    assert [run.run for run in service.queries.runs(ALL).runs] == ["run-1"]
    found = service.queries.call(1)
    assert found is not None
    assert (found.call.user, found.call.run, found.request) == ("", "", None)
    assert (found.detail.properties, found.detail.use_case_properties) == ({}, {})
    other = service.queries.call(2)
    assert other is not None and (other.call.user, other.call.run, other.request) == ("bob", "run-1", "{}")


def test_calls_that_arrive_meanwhile_wait_for_one_slice_at_most(service: Service) -> None:
    add(service, *(item(user_id="ann") for _ in range(5)))
    revision = service.store.revision
    assert forget(service.store, "user", "ann", most=2) == 5
    # Three slices, one that finds nothing, and the name.
    assert service.store.revision == revision + 5


def test_sums_of_who_is_forgotten_are_those_of_no_name(service: Service) -> None:
    add(service, item(user_id="ann"), item(user_id="ann", http_status_code=500), item())
    assert forget(service.store, "user", "ann") == 2
    [group] = service.queries.breakdown("user", ALL).groups
    assert (group.name, group.sums.calls, group.sums.errors) == ("", 3, 1)
    assert service.store.reader.execute("SELECT 1 FROM names WHERE text = 'ann'").fetchone() is None


def test_who_was_never_there_is_nobody(service: Service) -> None:
    add(service, item(user_id="ann"))
    assert forget(service.store, "user", "zoe") is None
    assert forget(service.store, "account", "ann") is None
