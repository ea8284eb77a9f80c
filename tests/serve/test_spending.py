"""A reset counts the calls since a moment exactly, however few events it reads."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from payi_transport.serve import limits as limits_module
from payi_transport.serve.command import open_service
from payi_transport.serve.documents import find_document, put_document
from payi_transport.serve.limits import LimitDocument, reset_limit
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.spending import Spent
from payi_transport.serve.store import Writing
from tests.serve.events import NOON, item, make_items

CREATED = datetime(2026, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
COST = Decimal("0.006")


def put(service: Service, name: str, most: str, created: datetime = CREATED) -> None:
    limit = LimitDocument(
        limit_id=name,
        limit_name=name,
        limit_type="allow",
        max=Decimal(most),
        created=created,
        updated=created,
    )
    service.store.write(lambda writing: put_document(writing.connection, limit, name))


def reset(service: Service, moment: datetime) -> LimitDocument:
    """Return what a reset would leave, without storing it."""

    def job(writing: Writing) -> LimitDocument:
        limit = find_document(writing.connection, LimitDocument, "L")
        assert limit is not None
        return reset_limit(writing.connection, limit, moment)

    return service.store.write(job)


def make_call(chance: random.Random, number: int) -> dict[str, Any]:
    names = chance.choice((["L"], ["L", "M"], ["M"], None))
    at = NOON + MINUTE * chance.randrange(180)
    return item(at, provider_response_id=f"c{number}", limit_ids=names)


def ingest(service: Service, *calls: dict[str, Any], updates: bool = False) -> None:
    service.ingest_bulk(make_items(*calls), updates=updates).result()


def is_expected(service: Service, calls: dict[str, dict[str, Any]]) -> None:
    for minutes in (-60, 0, 1, 14, 15, 44, 60, 90, 179, 500):
        moment = NOON + MINUTE * minutes
        spent = reset(service, moment).spent
        since = [
            call
            for call in calls.values()
            if "L" in (call["limit_ids"] or ()) and datetime.fromisoformat(call["event_timestamp"]) >= moment
        ]
        assert spent.total == spent.input + spent.output == len(since) * COST, minutes
        assert sum(spent.calls.values()) == len(since)


def test_a_reset_to_any_moment_counts_the_calls_since_then(service: Service) -> None:
    chance = random.Random(1)
    put(service, "L", "0.3")
    put(service, "M", "1")
    calls = {f"c{number}": make_call(chance, number) for number in range(150)}
    ingest(service, *calls.values())
    is_expected(service, calls)
    # Calls that are replaced count where they are now.
    changed = {f"c{number}": make_call(chance, number) for number in range(40)}
    ingest(service, *changed.values(), updates=True)
    is_expected(service, calls | changed)


class Counted(NamedTuple):
    """When a call was, what it cost, and the state that it left the limit in."""

    at: datetime
    input: Decimal
    output: Decimal
    state: str = ""


class Recount:
    """What a limit says, counted over every call each time."""

    def __init__(self, most: Decimal) -> None:
        self.most, self.since = most, CREATED
        self.calls: dict[str, Counted] = {}

    def ingest(self, call: dict[str, Any]) -> None:
        name, at = call["provider_response_id"], datetime.fromisoformat(call["event_timestamp"])
        tokens = call["units"]["text"]
        # $2 and $8 for a million tokens.
        made = Counted(at, Decimal(tokens["input"]) * 2 / 10**6, Decimal(tokens["output"]) * 8 / 10**6)
        self.calls[name] = made
        total = self.spent().total
        state = "overrun" if total > self.most else "exceeded" if total == self.most else "ok"
        self.calls[name] = made._replace(state=state)

    def spent(self) -> Spent:
        since = [call for call in self.calls.values() if call.at >= self.since]
        input_ = sum((call.input for call in since), Decimal(0))
        output = sum((call.output for call in since), Decimal(0))
        states = Counter(call.state for call in since)
        return Spent(input=input_, output=output, total=input_ + output, calls=dict(states))


@pytest.mark.parametrize("seed", range(12))
def test_calls_and_resets_in_any_order_leave_what_a_recount_finds(service: Service, seed: int) -> None:
    chance = random.Random(seed)
    put(service, "L", "0.1")
    recount = Recount(Decimal("0.1"))
    for number in range(60):
        moment = NOON + MINUTE * chance.randrange(90)
        if chance.random() < 0.25:
            recount.since = moment
            store_reset(service, moment)
        else:
            units = {"input": chance.randrange(1000, 5000), "output": chance.randrange(1000)}
            # One in three replaces an earlier call, if there is one of its name.
            name = f"c{chance.randrange(15) if chance.random() < 0.3 else number}"
            call = item(moment, provider_response_id=name, limit_ids=["L"], units={"text": units})
            recount.ingest(call)
            ingest(service, call, updates=True)
        is_same(service, recount)
    for minutes in (45, 0, 15, -60, 90):
        recount.since = NOON + MINUTE * minutes
        store_reset(service, recount.since)
        is_same(service, recount)


def store_reset(service: Service, moment: datetime) -> None:
    made = reset(service, moment)
    service.store.write(lambda writing: put_document(writing.connection, made, "L"))


def is_same(service: Service, recount: Recount) -> None:
    limit = find_document(service.store.reader, LimitDocument, "L")
    assert limit is not None
    expected = recount.spent()
    assert msgspec.structs.astuple(limit.spent)[:3] == msgspec.structs.astuple(expected)[:3]
    assert {state: calls for state, calls in limit.spent.calls.items() if calls} == expected.calls


def test_only_the_events_of_a_quarter_of_an_hour_are_read(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(service, "L", "1")
    ingest(service, *(item(NOON + MINUTE * minutes, limit_ids=["L"]) for minutes in range(60)))
    decode = limits_module._decode
    read: list[bytes] = []

    def note(body: bytes) -> Any:
        read.append(body)
        return decode(body)

    monkeypatch.setattr(limits_module, "_decode", note)
    assert sum(reset(service, NOON + 20 * MINUTE).spent.calls.values()) == 40
    assert len(read) == 10


def test_a_limit_does_not_count_what_an_earlier_one_of_its_id_spent(service: Service) -> None:
    put(service, "L", "1")
    ingest(service, item(provider_response_id="old", limit_ids=["L"]))
    # Later than the event by more than the millisecond to which times are kept.
    later = service.now() + MINUTE
    put(service, "L", "1", created=later)
    assert reset(service, NOON - 60 * MINUTE).spent.total == 0
    service.now = lambda: later + MINUTE
    ingest(service, item(provider_response_id="old", limit_ids=["L"]), updates=True)
    assert reset(service, NOON - 60 * MINUTE).spent.total == COST


def test_a_store_of_before_learns_what_its_events_spent(tmp_path: Path) -> None:
    settings = ServeSettings(file=tmp_path / "s")
    chance = random.Random(2)
    calls = {f"c{number}": make_call(chance, number) for number in range(50)}
    with open_service(settings) as service:
        put(service, "L", "1")
        put(service, "M", "1")
        ingest(service, *calls.values())
        # Limits that are gone have nothing to count, nor has one that was created later.
        ingest(service, item(limit_ids=["M"]))
        put(service, "M", "1", created=service.now() + MINUTE)
        with closing(service.store.reader.execute("SELECT COUNT(*) FROM spending")) as counted:
            [count] = counted.fetchone()
    with closing(sqlite3.connect(settings.file)) as store:
        # What later versions have besides.
        store.execute("DROP TABLE spending")
        store.execute("DROP TABLE large")
        store.execute("PRAGMA user_version = 2")
        store.commit()
    with open_service(settings) as service:
        is_expected(service, calls)
        [again] = service.store.reader.execute("SELECT COUNT(DISTINCT limit_id) FROM spending").fetchone()
        assert count > again == 1
