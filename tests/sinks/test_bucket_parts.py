"""When a part is complete, how often it is written, and what is written with it."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

from payi_transport.config.schema import BucketSettings
from payi_transport.sinks import bucket
from payi_transport.sinks.bucket import BucketSink
from tests.sinks.events import event
from tests.sinks.test_bucket import NOON, Clock, MemoryStore, at


def make(store: Any, every: float = 900.0) -> BucketSink:
    return BucketSink(store, every, Clock())


@pytest.mark.parametrize(("every", "wait"), [(100.0, 5.0), (400.0, 20.0), (900.0, 20.0), (1.0, 0.05)])
def test_a_part_is_written_twenty_times_and_every_20_seconds_at_least(every: float, wait: float) -> None:
    assert make(MemoryStore(), every).deliver([at(1)]).wait == wait


@pytest.mark.parametrize(("more", "files"), [(0, 2), (1, 1)])
def test_a_part_is_complete_when_it_is_large(more: int, files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bucket._MAX_BYTES == 64 * 1024 * 1024
    first = MemoryStore()
    make(first).deliver([at(1)])
    [data] = first.files.values()
    monkeypatch.setattr(bucket, "_MAX_BYTES", len(data) + more)
    store = MemoryStore()
    sink = make(store)
    sink.deliver([at(1)])
    sink.deliver([at(2)])
    assert len(store.files) == files


def test_fewer_than_5000_events_at_once_are_followed_by_a_pause() -> None:
    assert make(MemoryStore()).deliver([at(number) for number in range(4999)]).wait == 20.0


def test_a_batch_is_no_larger_than_a_part() -> None:
    assert BucketSink.batch_limit == 50_000


def test_a_part_has_a_name_of_its_own_among_all_processes() -> None:
    store = MemoryStore()
    make(store).deliver([at(1)])
    make(store).deliver([at(1)])
    assert len(store.files) == 2
    name = rf"date=2026-11-28/hour=12/part-{os.getpid()}-[0-9a-f]{{12}}-000000\.parquet"
    assert all(re.fullmatch(name, path) for path in store.files)


def test_the_bytes_of_all_parts_count_and_their_columns_are_compressed() -> None:
    import pyarrow.parquet

    store = MemoryStore()
    receipt = make(store).deliver([at(1), at(2, NOON.replace(hour=3))])
    assert receipt.bytes_sent == sum(map(len, store.files.values())) > 0
    for data in store.files.values():
        group: Any = pyarrow.parquet.ParquetFile(io.BytesIO(data)).metadata.row_group(0)
        assert {group.column(number).compression for number in range(group.num_columns)} == {"ZSTD"}


def test_what_is_written_is_in_no_trace() -> None:
    otel = pytest.importorskip("opentelemetry.context")
    seen: list[object] = []

    class Watching(MemoryStore):
        def put(self, path: str, data: bytes) -> None:
            seen.append(otel.get_value("suppress_instrumentation"))

    make(Watching()).deliver([at(1)])
    assert seen == [True]


def test_a_sink_that_is_closed_holds_no_part() -> None:
    store = MemoryStore()
    sink = make(store)
    sink.deliver([at(1)])
    sink.close()
    assert store.drops == 1
    sink.deliver([at(2)])
    assert len(store.files) == 2


def test_retries_are_in_the_order_of_the_batch() -> None:
    store = MemoryStore()
    store.failures = 2
    hours = (12, 3, 12, 3)
    receipt = make(store).deliver([at(number, NOON.replace(hour=hour)) for number, hour in enumerate(hours)])
    assert receipt.retry == [0, 1, 2, 3]
    assert receipt.bytes_sent == 0


def test_the_section_of_the_config_says_how_often(tmp_path: Path) -> None:
    sink = BucketSink.from_section(BucketSettings(url=str(tmp_path), every=40.0))
    assert sink.deliver([event(1, event_timestamp=NOON)]).wait == 2.0
    [part] = tmp_path.rglob("*.parquet")
    assert part.stat().st_mode & 0o777 == 0o600
