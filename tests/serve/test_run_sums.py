"""Runs have the sums of their calls, also of calls that replace or take away others."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payi_transport.serve.command import open_service
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from tests.serve.events import DAY, NOON, item, make_items, span

MS = timedelta(milliseconds=1)
# The last version of a store whose runs end with the start of their last call.
RUNS_ENDED_EARLY = 4


def test_a_run_is_of_its_first_call_and_lasts_from_the_earliest_to_the_latest(service: Service) -> None:
    run: dict[str, Any] = {"use_case_name": "c", "use_case_id": "one"}
    calls = [
        item(NOON, account_name="first", **run),
        item(NOON - DAY / 2, account_name="second", **run),
        item(NOON + DAY / 2, http_status_code=500, **run),
        item(),
    ]
    for part in (calls[:2], calls[2:]):
        service.ingest_bulk(make_items(*part), updates=False).result()
    [found] = service.queries.runs(span()).runs
    assert (found.run, found.use_case, found.account) == ("one", "c", "first")
    assert (found.started, found.ended) == (NOON - DAY / 2, NOON + DAY / 2)
    assert (found.sums.calls, found.sums.errors, found.sums.cost) == (3, 1, Decimal("0.018"))


def test_a_call_that_is_replaced_in_the_same_batch_counts_once(service: Service) -> None:
    run: dict[str, Any] = {"use_case_name": "c", "use_case_id": "one", "request_tags": ["t"]}
    calls = [item(provider_response_id="same", resource=model, **run) for model in ("gpt-4o", "gpt-4.1")]
    for updates in (True, False):
        service.ingest_bulk(make_items(*calls), updates=updates).result()
    [found] = service.queries.runs(span()).runs
    assert (found.sums.calls, found.sums.cost) == (1, Decimal("0.006"))
    [call] = service.queries.calls(span()).calls
    assert call.model == "gpt-4.1"
    assert [group.sums.calls for group in service.queries.breakdown("tag", span()).groups] == [1]


def lasting(start: int, ms: int | None, **fields: Any) -> dict[str, Any]:
    """Return an item of a run that starts so many ms after NOON."""
    at = NOON + start * MS
    return item(at, end_to_end_latency_ms=ms, use_case_name="c", use_case_id="one", **fields)


@pytest.mark.parametrize(
    "calls",
    [
        [(0, 700)],
        [(0, None), (500, 200)],
        # The last one to start is not the last one to end.
        [(0, 700), (300, 100)],
        [(300, 400), (0, 100)],
    ],
    ids=str,
)
def test_a_run_lasts_until_the_end_of_its_last_call(
    service: Service, calls: list[tuple[int, int | None]]
) -> None:
    for start, ms in calls:
        service.ingest_bulk(make_items(lasting(start, ms)), updates=False).result()
    assert find_times(service) == (0, 700)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("before", "after"), [((0, 2000), (200, 500)), ((0, 100), (0, 700)), ((100, 600), (0, 100))], ids=str
)
def test_a_call_that_is_replaced_counts_with_its_new_times(
    service: Service, before: tuple[int, int], after: tuple[int, int], together: bool
) -> None:
    others = [lasting(0, 300), lasting(300, 400)]
    changed = [lasting(*times, provider_response_id="same") for times in (before, after)]
    jobs = [[*others, *changed]] if together else [[*changed[:1], *others], changed[1:]]
    for calls in jobs:
        service.ingest_bulk(make_items(*calls), updates=True).result()
    assert find_times(service) == (0, 700)


def test_a_run_keeps_its_times_where_its_only_call_moves_to_another(service: Service) -> None:
    for run in ("one", "two"):
        call = lasting(0, 700, provider_response_id="same") | {"use_case_id": run}
        service.ingest_bulk(make_items(call), updates=True).result()
    runs = {run.run: (run.sums.calls, run.ended - run.started) for run in service.queries.runs(span()).runs}
    assert runs == {"one": (0, 700 * MS), "two": (1, 700 * MS)}


def find_times(service: Service) -> tuple[float, float]:
    """Return when the only run started and ended, in ms after NOON."""
    [found] = service.queries.runs(span()).runs
    return (found.started - NOON) / MS, (found.ended - NOON) / MS


def test_the_runs_of_a_store_from_before_end_with_their_last_calls_too(tmp_path: Path) -> None:
    with open_service(ServeSettings(file=tmp_path / "s")) as service:
        service.ingest_bulk(make_items(lasting(0, 700), lasting(100, 50)), updates=False).result()
    with closing(sqlite3.connect(tmp_path / "s")) as connection, connection:
        # As the version before had it. The second run has lost its calls to retention.
        connection.execute("UPDATE runs SET ended = started + 100")
        connection.execute(
            "INSERT INTO runs (run, use_case, account, started, ended) VALUES (99, 0, 0, 5, 9)"
        )
        connection.execute(f"PRAGMA user_version = {RUNS_ENDED_EARLY}")
    with open_service(ServeSettings(file=tmp_path / "s")) as service:
        assert find_times(service) == (0, 700)
        assert service.store.reader.execute("SELECT ended FROM runs WHERE run = 99").fetchone() == (9,)
