"""Reading the store of the local service: the same events, the same money."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from payi_transport import Event, Header, Units
from payi_transport.errors import PayiError
from payi_transport.prices import estimate
from payi_transport.reports import local_store
from payi_transport.reports.events import read_events
from payi_transport.reports.local_store import is_store

pytest.importorskip("genai_prices")
pytest.importorskip("fastapi", reason="the extra serve is not installed")

from payi_transport.serve.rows import make_row
from payi_transport.serve.store import Store
from payi_transport.serve.write import EventWriter

Fill = Callable[..., Path]
MOMENT = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)
EVENTS = [
    Event(
        category="system.openai",
        resource="gpt-5",
        units={"text": Units(1000, 200), "text_cache_read": Units(500)},
        provider_response_id="r1",
        event_timestamp=MOMENT,
        http_status_code=200,
        end_to_end_latency_ms=900,
        time_to_first_token_ms=90,
        properties={"provider.service_tier": "flex"},
        use_case_properties={"team": "search"},
        limit_ids=("a", "b"),
        request_tags=("x", "y"),
        use_case_name="support",
        use_case_id="run-1",
        use_case_step="draft",
        use_case_version=2,
        user_id="u",
        account_name="acme",
        scope="datazone.eu",
        provider_uri="https://api.openai.com/v1/responses",
    ),
    # A cost that only a header stated.
    Event(
        category="litellm",
        resource="m",
        units={"text": Units(5, 5)},
        provider_response_id="r2",
        event_timestamp=MOMENT,
        provider_response_headers=(Header("x-litellm-response-cost", "0.0123"),),
    ),
    Event(category="c", resource=None, units={}, provider_response_id="r3", event_timestamp=MOMENT),
]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    made = Store(tmp_path / "serve.sqlite")

    def fill(writing: object) -> None:
        writer = EventWriter(writing, 0)  # type: ignore[arg-type]
        for event in EVENTS:
            writer.add(make_row(event, MOMENT))
        writer.finish()

    made.write(fill)
    made.close()
    return tmp_path / "serve.sqlite"


def test_every_field_that_a_report_needs_is_read(store: Path) -> None:
    [first, second, third] = read_events(store)
    for name in msgspec.structs.asdict(first).keys() & msgspec.structs.asdict(EVENTS[0]).keys():
        expected = getattr(EVENTS[0], name)
        if name == "event_timestamp":
            expected = MOMENT.replace(microsecond=123000)
        assert getattr(first, name) == (expected or ()) or getattr(first, name) == expected, name
    assert (second.use_case_name, third.resource, third.units) == (None, None, {})


def test_the_same_events_cost_the_same(store: Path) -> None:
    estimates = [estimate(event) for event in read_events(store)]
    assert estimates == [estimate(event) for event in EVENTS]
    assert estimates[1].total == Decimal("0.0123")


def test_a_store_and_a_file_with_the_same_events_are_one(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each event is a page of its own.
    monkeypatch.setattr(local_store, "_PAGE", 1)
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, EVENTS)))
    reader = read_events(store, tmp_path / "events.jsonl")
    assert [event.provider_response_id for event in reader] == ["r1", "r2", "r3"]
    assert reader.repeats == 3


def test_another_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "budgets.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE spending (x)")
    before = path.read_bytes()
    with pytest.raises(PayiError, match=r"budgets\.db isn't a file of events: .*no such table: events"):
        list(read_events(path))
    assert path.read_bytes() == before


def test_files_that_are_not_of_sqlite_are_none(tmp_path: Path) -> None:
    (tmp_path / "events.json").write_text("[]")
    assert not is_store(tmp_path / "events.json")
    assert not is_store(tmp_path)
