"""Sums within large values are those of a plain scan of the events, whatever happened to these."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from payi_transport.serve import keep_large
from payi_transport.serve.command import open_service
from payi_transport.serve.event_sums import sum_events_by
from payi_transport.serve.keep_large import LargeKeeper
from payi_transport.serve.large import Large, find_large
from payi_transport.serve.periods import in_ms
from payi_transport.serve.retention import delete_slice, forget
from payi_transport.serve.rollups import DAY_MS, SECOND
from payi_transport.serve.selection import Selection, select
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.views import Filters, Span, StepName
from tests.serve.events import DAY, NOON, item, make_items, span

# With parts of days at their ends, and midnights in the first and the second half of the days of UTC.
SPANS = [
    span(NOON - 5 * DAY, NOON, "UTC"),
    span(NOON - 5 * DAY, NOON + DAY / 3, "Asia/Kolkata"),
    span(NOON - 6 * DAY, NOON + DAY / 2, "America/Los_Angeles"),
    span(NOON - 2 * DAY, NOON - DAY, "Pacific/Auckland"),
    span(NOON - DAY / 4, NOON - DAY / 16, "UTC"),
    span(NOON - 3 * DAY, NOON - DAY / 8, "Asia/Tokyo"),
]
VALUES = {
    "use_case": "c1",
    "model": "gpt-4.1",
    "account": "a1",
    "user": "u1",
    "environment": "e1",
    "step": "s1",
}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a few calls as many as a large value has."""
    monkeypatch.setattr(keep_large, "_LEAST", 20)


def make_call(chance: random.Random, at: datetime, **fields: Any) -> dict[str, Any]:
    return item(
        at,
        use_case_name=f"c{chance.randrange(3)}",
        use_case_step=f"s{chance.randrange(2)}",
        resource=chance.choice(("gpt-4.1", "gpt-4.1-nano", "unknown")),
        account_name=f"a{chance.randrange(3)}",
        user_id=f"u{chance.randrange(2)}",
        properties={"environment": f"e{chance.randrange(2)}"},
        units={"text": {"input": chance.randrange(9999), "output": chance.randrange(999)}},
        http_status_code=chance.choice((200, 200, 500)),
        **fields,
    )


def add(service: Service, *calls: dict[str, Any], updates: bool = False) -> None:
    assert service.ingest_bulk(make_items(*calls), updates=updates).result()["ingest_count"] == len(calls)


def add_days(service: Service, chance: random.Random) -> None:
    add(service, *(make_call(chance, NOON - 6 * DAY * chance.random() ** 2) for _ in range(150)))


def compare(service: Service, names: Iterable[str] = VALUES) -> None:
    """Compare every sum within some large values to that of the events."""
    reader = service.store.reader
    for name in names:
        value = VALUES[name]
        selection = select(reader, Filters(**{name: value}))  # type: ignore[arg-type]
        for by in SECOND:
            large = find_large(reader, selection, by)
            if by == name or large is None:
                continue
            for times in map(in_ms, SPANS):
                scanned = sum_events_by(reader, selection, by, *times)
                summed = large.sum_groups(reader, *times)
                assert {key: sums for key, sums in summed.items() if any(sums)} == scanned, (name, by)


def work(service: Service, now: datetime) -> None:
    keeper = LargeKeeper(service.store)
    while keeper.work(now):
        pass
    compare(service)


def count_rows(service: Service) -> int:
    [rows] = service.store.reader.execute("SELECT COUNT(*) FROM rollups WHERE dimension >= 256").fetchone()
    return int(rows)


def test_sums_are_those_of_events_after_each_part_and_on_the_days_that_follow(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_large, "_SLICE", 15)
    monkeypatch.setattr(keep_large, "_BUCKETS", 9)
    chance = random.Random(1)
    add_days(service, chance)
    keeper = LargeKeeper(service.store)
    while keeper.work(NOON):
        compare(service, chance.sample(list(VALUES), 1))
    add(service, *(make_call(chance, NOON + DAY * chance.random()) for _ in range(40)))
    compare(service)
    while keeper.work(NOON + 2 * DAY):
        compare(service, chance.sample(list(VALUES), 1))
    [since, until] = service.store.reader.execute("SELECT MAX(since), MIN(until) FROM large").fetchone()
    assert (since, until) == (0, in_ms(span(NOON, NOON + 2 * DAY - timedelta(minutes=15)))[1])


def test_events_that_come_late_or_replace_others_change_the_sums(service: Service) -> None:
    chance = random.Random(2)
    add(service, *(make_call(chance, NOON - DAY * n / 50, provider_response_id=f"n{n}") for n in range(150)))
    work(service, NOON)
    rows = count_rows(service)
    add(service, *(make_call(chance, NOON - DAY * n / 9) for n in range(40)))
    compare(service)
    again = [make_call(chance, NOON - DAY * n / 7, provider_response_id=f"n{n}") for n in range(60)]
    add(service, *again, updates=True)
    compare(service)
    assert count_rows(service) > rows


def test_retention_deletes_the_sums_of_whole_days(service: Service) -> None:
    add_days(service, random.Random(3))
    work(service, NOON)
    before = NOON - 2 * DAY - timedelta(hours=12)
    while delete_slice(service.store, before, most=50):
        pass
    compare(service)
    [first] = service.store.reader.execute(
        "SELECT MIN(bucket) FROM rollups WHERE dimension >= 256"
    ).fetchone()
    assert first == in_ms(span(before, NOON))[0]


@pytest.mark.parametrize("name", ["a1", ""])
def test_who_is_forgotten_has_no_sums(name: str, service: Service) -> None:
    add_days(service, random.Random(4))
    add(service, *(item(NOON - 2 * DAY, account_name=None) for _ in range(30)))
    work(service, NOON)
    reader = service.store.reader
    assert find_large(reader, select(reader, Filters(account=name)), "model")
    assert forget(service.store, "account", "a1")
    assert find_large(reader, select(reader, Filters(account=name)), "model") is None
    work(service, NOON)
    large = find_large(reader, select(reader, Filters(account="")), "model")
    assert isinstance(large, Large)
    compare(service)


@pytest.mark.parametrize("first", VALUES)
def test_answers_stay_the_same_when_sums_are_there(first: str, service: Service) -> None:
    add_days(service, random.Random(5))
    filters = Filters(**{first: VALUES[first]})  # type: ignore[arg-type]

    def ask() -> list[Any]:
        seconds: Any = [by for by in SECOND if by != first]
        answers: list[Any] = []
        for times in SPANS:
            answers += [service.queries.breakdown(by, times, filters) for by in seconds]
            for step in get_args(StepName)[1:]:
                answers += [
                    service.queries.series(times, by, filters, step=step, most=2) for by in seconds[:2]
                ]
        return answers

    scanned = ask()
    work(service, NOON)
    reader = service.store.reader
    assert find_large(reader, select(reader, filters), "use_case" if first == "model" else "model")
    assert ask() == scanned


@pytest.mark.parametrize(
    ("hours", "has_days"),
    [
        ([24, 48, 72], True),
        ([32, 48, 72, 75], True),
        # One day has 23 hours, and the steps around it are short.
        ([47.9, 48, 71, 71.1], True),
        ([24, 24 + 7 * 24, 24 + 14 * 24], True),
        ([*range(24, 72)], False),
        ([0, 24, 48], False),
        ([17 * 24, 18 * 24, 23 * 24], False),
    ],
    ids=["days", "parts", "short", "weeks", "hours", "early", "late"],
)
def test_sums_by_day_answer_for_days_and_weeks_that_have_them(hours: list[float], has_days: bool) -> None:
    marks = [round(hour * DAY_MS / 24) for hour in hours]
    large = Large(Selection("1", (), "account", 1), "model", 256, since=DAY_MS, until=20 * DAY_MS)
    assert large.has_days(marks) == has_days


def test_a_value_of_all_calls_is_not_large(service: Service) -> None:
    add(service, *(item(NOON - DAY * n / 9, account_name=f"a{n % 2}", user_id="u") for n in range(80)))
    work(service, NOON)
    large = service.store.reader.execute(
        "SELECT text FROM large JOIN names ON names.id = large.key ORDER BY text"
    )
    assert large.fetchall() == [("a0",), ("a1",)]
    times = Span(NOON - 9 * DAY, NOON + DAY)
    within = service.queries.breakdown("account", times, Filters(user="u"))
    assert within == service.queries.breakdown("account", times)


def test_nothing_is_left_for_a_second_keeper(service: Service) -> None:
    add_days(service, random.Random(6))
    work(service, NOON)
    latest_end = in_ms(span(NOON - DAY, NOON - timedelta(minutes=15)))[1]
    assert not service.store.write(lambda writing: keep_large._add_up(writing, latest_end))


def test_a_service_adds_up_while_it_runs(service: Service) -> None:
    add_days(service, random.Random(7))
    with open_service(ServeSettings(file=service.store.path)) as other:
        reader = other.store.reader
        while reader.execute("SELECT COUNT(*), MAX(since) FROM large").fetchone()[1] != 0:
            other.store.write(lambda writing: None)
    compare(service)
    # The first service learns of sums that another process added.
    add(service, *(make_call(random.Random(8), NOON - DAY * n) for n in range(6)))
    compare(service)
