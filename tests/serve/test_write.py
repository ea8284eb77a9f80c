"""What an event changes in each table and sum, and what is left when it is replaced or taken away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from payi_transport.serve.items import to_event
from payi_transport.serve.names import name_numbers
from payi_transport.serve.rollups import DAY_MS, DIMENSIONS, QUARTER_MS
from payi_transport.serve.rows import Row, make_row
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.service import Service
from payi_transport.serve.store import Writing
from payi_transport.serve.write import EventWriter, Written, fingerprint
from tests.serve.events import NOON, item, make_items, span

SPAN = span()
AT = int(NOON.timestamp() * 1000)
FULL: dict[str, Any] = {
    "use_case_name": "chat",
    "use_case_id": "one",
    "use_case_step": "plan",
    "account_name": "acme",
    "user_id": "ann",
    "request_tags": ["web", "api"],
    "properties": {"environment": "test"},
    "end_to_end_latency_ms": 900,
    "time_to_first_token_ms": 90,
    "provider_request_json": "{}",
}


def make(response_id: str = "r", **fields: Any) -> Row:
    [made] = make_items(item(**{**FULL, **fields}))
    return make_row(to_event(made, response_id), NOON)


def write(service: Service, *rows: Row, **options: bool) -> list[Written]:
    def job(writing: Writing) -> list[Written]:
        writer = EventWriter(writing, AT)
        written = [writer.add(row, **options) for row in rows]
        writer.finish()
        return written

    return service.store.write(job)


def remove(service: Service, event: int) -> None:
    def job(writing: Writing) -> None:
        writer = EventWriter(writing, AT)
        writer.remove(event)
        writer.finish()

    service.store.write(job)


def read_keys(service: Service, level: int, bucket: int) -> dict[str, dict[str, int]]:
    """Return the calls of each value of each dimension."""
    names = {number: name for name, number in DIMENSIONS.items()}
    found: dict[str, dict[str, int]] = {}
    rows = service.store.reader.execute(
        "SELECT dimension, key, calls FROM rollups WHERE level = ? AND bucket = ? AND calls != 0",
        (level, bucket),
    )
    for dimension, key, calls in rows.fetchall():
        [text] = name_numbers(service.store.reader, [key])
        found.setdefault(names[dimension], {})[text] = calls
    return found


def count(service: Service, table: str) -> int:
    return int(service.store.reader.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])  # noqa: S608


def test_an_event_is_in_the_sums_of_each_of_its_values(service: Service) -> None:
    write(service, make())
    expected = {
        "total": {"": 1},
        "use_case": {"chat": 1},
        "model": {"gpt-4.1": 1},
        "account": {"acme": 1},
        "user": {"ann": 1},
        "category": {"system.openai": 1},
        "tag": {"web": 1, "api": 1},
        "limit": {"": 1},
        "unit": {"text": 1},
        "environment": {"test": 1},
        "step": {"plan": 1},
    }
    assert read_keys(service, 0, AT // QUARTER_MS * QUARTER_MS) == expected
    assert read_keys(service, 1, AT // DAY_MS * DAY_MS) == expected


@pytest.mark.parametrize(
    ("fields", "dimension", "keys"),
    [
        ({"http_status_code": 429}, "status", {"429": 1}),
        ({"http_status_code": None, "properties": {"system.failure": "x"}}, "status", {"none": 1}),
        ({"http_status_code": 429}, "waste", {"failed": 1}),
        ({"properties": {"system.retry": "1"}}, "waste", {"retried": 1}),
        ({"account_name": None}, "unowned", {"gpt-4.1": 1}),
        ({"use_case_name": None, "use_case_id": None, "use_case_step": None}, "unowned", {"gpt-4.1": 1}),
        ({"properties": {}}, "unowned", {"gpt-4.1": 1}),
        ({"user_id": None}, "unowned", None),
        ({}, "unowned", None),
        ({}, "status", None),
        ({}, "waste", None),
        ({"request_tags": None}, "tag", {"": 1}),
        ({"limit_ids": ["L", "M"]}, "limit", {"L": 1, "M": 1}),
    ],
    ids=str,
)
def test_what_is_special_about_an_event_has_sums(
    fields: dict[str, Any], dimension: str, keys: dict[str, int] | None, service: Service
) -> None:
    write(service, make(**fields))
    assert read_keys(service, 0, AT).get(dimension) == keys


def test_a_unit_has_its_counts_and_no_cost(service: Service) -> None:
    units = {"text": {"input": 7, "output": 5}, "web_search_request": {"input": 3}}
    write(service, make(units=units))
    rows = service.store.reader.execute(
        f"SELECT key, {', '.join(MEASURES)} FROM rollups WHERE level = 1 AND dimension = ?",  # noqa: S608
        (DIMENSIONS["unit"],),
    ).fetchall()
    sums = {
        name_numbers(service.store.reader, [key])[0]: {
            name: value for name, value in zip(MEASURES, values, strict=True) if value
        }
        for key, *values in rows
    }
    assert sums == {
        "text": {"calls": 1, "input": 7, "output": 5},
        "web_search_request": {"calls": 1, "input": 3},
    }


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({}, [0, 1]),
        ({"time_to_first_token_ms": None}, [0]),
        ({"end_to_end_latency_ms": None}, [1]),
        ({"end_to_end_latency_ms": 0, "time_to_first_token_ms": 0}, [0, 1]),
        ({"http_status_code": 500}, []),
    ],
    ids=str,
)
def test_only_calls_that_succeeded_have_times(
    fields: dict[str, Any], kinds: list[int], service: Service
) -> None:
    write(service, make(**fields))
    rows = service.store.reader.execute(
        "SELECT DISTINCT kind FROM histograms WHERE calls = 1 ORDER BY kind"
    ).fetchall()
    assert [kind for [kind] in rows] == kinds


def test_a_repeat_changes_nothing_and_an_update_replaces(service: Service) -> None:
    [first] = write(service, make())
    assert first == Written(1, False, {})
    assert write(service, make(user_id="bob")) == [Written(1, True, {})]
    assert write(service, make(user_id="bob"), updates=True) == [Written(1, False, {})]
    [call] = service.queries.calls(SPAN).calls
    assert (call.id, call.user) == (1, "bob")
    assert write(service, make(user_id="zoe"), repeats=True) == [Written(2, False, {})]
    # The same id of another provider is another event.
    assert write(service, make(category="system.anthropic")) == [Written(3, False, {})]
    assert write(service, make("other")) == [Written(4, False, {})]


def test_events_of_one_job_know_each_other(service: Service) -> None:
    written = write(service, make(), make(user_id="bob"), make("other"))
    assert [each[:2] for each in written] == [(1, False), (1, True), (2, False)]
    replaced = write(service, make("new"), make("new", user_id="bob"), updates=True)
    assert [each[:2] for each in replaced] == [(3, False), (3, False)]
    found = service.queries.call(3)
    assert found is not None and found.call.user == "bob"


def test_what_was_taken_away_leaves_nothing_but_zeros(service: Service) -> None:
    write(service, make(http_status_code=200), make("failed", http_status_code=500, limit_ids=["L"]))
    for event in (1, 2):
        remove(service, event)
    for table in ("events", "contents", "tags"):
        assert count(service, table) == 0
    for level in (0, 1):
        for bucket in (AT // QUARTER_MS * QUARTER_MS, AT // DAY_MS * DAY_MS):
            assert read_keys(service, level, bucket) == {}
    sums = ", ".join(f"SUM(ABS({name}))" for name in MEASURES)
    for table in ("rollups", "runs"):
        row = service.store.reader.execute(f"SELECT {sums} FROM {table}").fetchone()  # noqa: S608
        assert set(row) == {0}
    assert service.store.reader.execute("SELECT SUM(ABS(calls)) FROM histograms").fetchone() == (0,)


def test_a_number_is_never_used_again(service: Service) -> None:
    write(service, make("a"), make("b"))
    remove(service, 2)
    assert [each.id for each in write(service, make("c"), make("d"))] == [3, 4]


def test_a_writer_knows_what_the_store_and_its_own_job_have(service: Service) -> None:
    write(service, make("stored"))

    def job(writing: Writing) -> list[bool]:
        writer = EventWriter(writing, AT)
        writer.add(make("waiting"))
        rows = [make("stored"), make("waiting"), make("new"), make("stored", category="other")]
        return [writer.has(row.event) for row in rows]

    assert service.store.write(job) == [True, True, False, False]


def test_a_run_lasts_as_long_as_its_calls(service: Service) -> None:
    write(service, make("a"), make("b", event_timestamp=(NOON + timedelta(seconds=9)).isoformat()))
    write(service, make("c", use_case_id=None), make("d", end_to_end_latency_ms=None))
    [run] = service.queries.runs(SPAN).runs
    assert (run.run, run.use_case, run.account, run.sums.calls) == ("one", "chat", "acme", 3)
    assert (run.started, run.ended) == (NOON, NOON + timedelta(seconds=9, milliseconds=900))


def test_an_id_of_any_text_has_a_number_of_64_bits() -> None:
    numbers = {
        fingerprint(*pair) for pair in (("a", "b"), ("ab", ""), ("", "ab"), ("a", "\ud800"), ("A", "b"))
    }
    assert len(numbers) == 5
    assert all(-(2**63) <= number < 2**63 for number in numbers)
    assert fingerprint("a", "b") == fingerprint("a", "b")


@pytest.mark.parametrize(
    ("request_json", "response_json", "kept"),
    [
        (None, None, []),
        ("{}", None, [("{}", None)]),
        (None, "[]", [(None, "[]")]),
        ("{}", ["a", "b"], [("{}", "a\nb")]),
        ("", "", [("", "")]),
    ],
)
def test_content_is_kept_where_there_is_some(
    request_json: Any, response_json: Any, kept: list[Any], service: Service
) -> None:
    write(service, make(provider_request_json=request_json, provider_response_json=response_json))
    assert service.store.reader.execute("SELECT request, response FROM contents").fetchall() == kept
