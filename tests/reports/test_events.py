"""Reading events from files."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

from payi_transport import Event, Units
from payi_transport.delivery.spool.segments import pack_record
from payi_transport.errors import PayiError
from payi_transport.reports import events as module
from payi_transport.reports.events import EventReader, read_events
from payi_transport.reports.stored_event import StoredEvent

MOMENT = datetime(2026, 11, 1, tzinfo=timezone.utc)


def make(number: int, **more: Any) -> Event:
    more.setdefault("event_timestamp", MOMENT)
    return Event(category="c", units={"text": Units(number)}, provider_response_id=f"id-{number}", **more)


def encode(*events: Event) -> bytes:
    return b"[\n" + b",\n".join(map(msgspec.json.encode, events)) + b"\n]\n"


def ids(reader: EventReader) -> list[str | None]:
    return [event.provider_response_id for event in reader]


def test_events_of_several_files_come_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(encode(make(1), make(2)))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(msgspec.json.encode(make(3))))
    (tmp_path / "c.json").write_text(json.dumps([json.loads(msgspec.json.encode(make(4)))], indent=2))
    assert ids(read_events(tmp_path)) == ["id-1", "id-2", "id-3", "id-4"]


def test_several_events_in_a_line_are_read_and_what_is_none_of_them_is_skipped(tmp_path: Path) -> None:
    one, two, three = (msgspec.json.encode(make(number)) for number in (1, 2, 3))
    (tmp_path / "a.json").write_bytes(b"[%b,\n%b, %b, 5, null]\n" % (one, two, three))
    reader = read_events(tmp_path)
    assert ids(reader) == ["id-1", "id-2", "id-3"]
    assert (reader.events, reader.skipped) == (3, 2)


def test_half_a_surrogate_pair_in_a_name_is_a_name_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b'{"category": "c", "account_name": "x\\ud800"}')
    assert [event.account_name for event in read_events(tmp_path / "a")] == ["x\ufffd"]


def test_what_a_spool_has_is_read_record_by_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RECORDS", 1)
    records = [pack_record(msgspec.json.encode(make(number))) for number in (1, 2)]
    (tmp_path / "1-000001.events").write_bytes(records[0] + b"damage" + records[1][:-1])
    assert ids(read_events(tmp_path)) == ["id-1"]
    (tmp_path / "1-000001.events").write_bytes(b"".join(records))
    assert ids(read_events(tmp_path)) == ["id-1", "id-2"]


def test_events_that_are_read_again_are_counted_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(encode(make(1), make(2)))
    (tmp_path / "1-000001.events").write_bytes(pack_record(msgspec.json.encode(make(2))))
    (tmp_path / "copy.json").write_bytes(encode(make(1), make(3)))
    reader = read_events(tmp_path)
    assert sorted(map(str, ids(reader))) == ["id-1", "id-2", "id-3"]
    assert reader.repeats == 2


def test_another_call_with_the_same_id_is_no_repeat(tmp_path: Path) -> None:
    later = MOMENT.replace(hour=1)
    calls = [make(1), make(1, event_timestamp=later), make(1, event_timestamp=None)]
    (tmp_path / "a.json").write_bytes(encode(*calls, calls[2]))
    reader = read_events(tmp_path)
    assert len(ids(reader)) == 4
    assert reader.repeats == 0


@pytest.mark.parametrize(
    "other",
    [
        {"provider_response_id": "id-2"},
        {"event_timestamp": MOMENT.replace(microsecond=1000)},
        {"category": "d"},
        {"resource": "m"},
        {"http_status_code": 500},
        {"units": {"text": Units(2)}},
        {"units": {"text": Units(1, 1)}},
        {"units": {"audio": Units(1)}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_calls_that_differ_in_anything_that_says_which_they_are_are_two(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    (tmp_path / "a.json").write_bytes(encode(make(1), msgspec.structs.replace(make(1), **other)))
    reader = read_events(tmp_path)
    assert (len(ids(reader)), reader.events, reader.repeats) == (2, 2, 0)


@pytest.mark.parametrize("other", [{"event_timestamp": MOMENT.replace(microsecond=999)}, {"user_id": "u"}])
def test_what_does_not_say_which_call_it_is_may_differ(tmp_path: Path, other: dict[str, Any]) -> None:
    (tmp_path / "a.json").write_bytes(encode(make(1), msgspec.structs.replace(make(1), **other)))
    reader = read_events(tmp_path)
    repeats: list[StoredEvent] = []
    reader.on_repeat = repeats.append
    assert [event.user_id for event in reader] == [None]
    assert [event.user_id for event in repeats] == [other.get("user_id")]
    assert (reader.events, reader.repeats) == (1, 1)


def test_calls_without_an_id_are_never_repeats(tmp_path: Path) -> None:
    event = msgspec.structs.replace(make(1), provider_response_id=None)
    (tmp_path / "a.json").write_bytes(encode(event, event))
    assert len(ids(read_events(tmp_path))) == 2


def test_an_error_says_what_files_of_events_are(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"hello")
    with pytest.raises(PayiError) as caught:
        list(read_events(tmp_path / "a.json"))
    assert str(caught.value) == (
        f"{tmp_path / 'a.json'} isn't a file of events: it begins with neither '[' nor '{{'; expected events"
        " as offline_instrumentation writes them, JSON lines, or the store of payi-transport serve"
    )


def test_what_is_not_an_event_is_skipped_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(msgspec.json.encode(make(1)) + b'\n{"id": 5}\n{"cut')
    reader = read_events(tmp_path / "a.jsonl")
    assert ids(reader) == ["id-1"]
    assert reader.skipped == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"hello", "isn't a file of events: it begins with neither '\\[' nor '{'; expected events"),
        (gzip.compress(b"[" * 100, mtime=0)[:-9], "can't be read: "),
        (b"\x1f\x8bnot gzip", "can't be read: "),
    ],
)
def test_a_file_that_is_not_of_events_says_so(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(PayiError, match=f"a.json {reason}"):
        list(read_events(tmp_path / "a.json"))


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(encode(make(1)))
    reader = read_events(tmp_path)
    (tmp_path / "a.json").unlink()
    with pytest.raises(PayiError, match=r"a\.json can't be read: No such file"):
        list(reader)


def test_progress_is_reported_in_bytes_of_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEP", 2)
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(encode(make(ord(name[0])), make(ord(name[0]) + 10), make(5)))
    reports: list[tuple[int, int]] = []
    list(EventReader([tmp_path], lambda done, total: reports.append((done, total))))
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert reports == [(size // 2, size), (size, size)]
