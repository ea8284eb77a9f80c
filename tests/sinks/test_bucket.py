"""The sink for buckets: which files there are at any time, and that sums over them are exact."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("pyarrow")
duckdb = pytest.importorskip("duckdb")

from payi_transport import (  # noqa: E402
    Event,
    PayiConfigError,
    Units,
    payi_flush,
    payi_instrument,
    payi_stats,
)
from payi_transport.config.schema import BucketSettings  # noqa: E402
from payi_transport.config.validation import check_config  # noqa: E402
from payi_transport.sinks.bucket import BucketSink  # noqa: E402
from tests.sinks.events import event  # noqa: E402
from tests.sinks.test_bucket_stores import s3  # noqa: E402, F401

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=timezone.utc)


class MemoryStore:
    """Keep files by path, and fail as often as the test says."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.writes: Counter[str] = Counter()
        self.failures = 0
        self.drops = 0

    def put(self, path: str, data: bytes) -> None:
        # A failure may come after the file is there.
        self.files[path] = data
        self.writes[path] += 1
        if self.failures:
            self.failures -= 1
            raise ConnectionError("reset")

    def drop(self) -> None:
        self.drops += 1


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sink(store: MemoryStore, clock: Clock) -> Iterator[BucketSink]:
    made = BucketSink(store, 900.0, clock)
    yield made
    made.close()


def at(number: int, moment: datetime | None = NOON) -> Event:
    return event(number, event_timestamp=moment)


def read(store: MemoryStore) -> Counter[str]:
    """How often each event is in the files."""
    import io

    import pyarrow.parquet as pq

    ids: Counter[str] = Counter()
    for data in store.files.values():
        ids.update(pq.read_table(io.BytesIO(data)).column("id").to_pylist())
    return ids


def test_a_part_grows_until_it_is_old(sink: BucketSink, store: MemoryStore, clock: Clock) -> None:
    receipt = sink.deliver([at(1), at(2)])
    assert (receipt.retry, receipt.wait) == ([], 20.0)
    sink.deliver([at(3)])
    [path] = store.files
    assert path.startswith("date=2026-11-28/hour=12/part-")
    assert path.endswith("-000000.parquet")
    assert store.writes[path] == 2
    clock.now = 899.9
    sink.deliver([])
    clock.now = 900.0
    sink.deliver([at(4)])
    sink.deliver([at(5)])
    assert [name[-15:] for name in store.files] == ["-000000.parquet", "-000001.parquet"]
    assert read(store) == {f"id-{number}": 1 for number in range(1, 6)}


def test_late_events_go_to_their_own_day(sink: BucketSink, store: MemoryStore) -> None:
    yesterday = NOON - timedelta(days=1, hours=3)
    elsewhere = datetime(2026, 11, 28, 23, 0, tzinfo=timezone(timedelta(hours=-5)))
    sink.deliver([at(1), at(2, yesterday), at(3, elsewhere)])
    folders = {path.rpartition("/")[0] for path in store.files}
    assert folders == {"date=2026-11-28/hour=12", "date=2026-11-27/hour=09", "date=2026-11-29/hour=04"}


def test_an_event_without_a_time_belongs_to_now(sink: BucketSink, store: MemoryStore) -> None:
    before = datetime.now(timezone.utc)
    sink.deliver([at(1, None)])
    folders = {f"date={moment:%Y-%m-%d}/hour={moment:%H}" for moment in (before, datetime.now(timezone.utc))}
    assert {path.rpartition("/")[0] for path in store.files} <= folders


def test_a_write_that_fails_is_repeated_under_the_same_path(
    sink: BucketSink, store: MemoryStore, clock: Clock
) -> None:
    store.failures = 1
    receipt = sink.deliver([at(1), at(2)])
    assert (receipt.retry, receipt.uncertain) == ([0, 1], ())
    assert receipt.problem == "Could not write to the bucket (ConnectionError: reset)"
    # However long it took.
    clock.now = 5000.0
    sink.deliver([at(1), at(2)])
    assert len(store.files) == 1
    assert read(store) == {"id-1": 1, "id-2": 1}


def test_one_hour_that_fails_keeps_no_other_back(sink: BucketSink, store: MemoryStore) -> None:
    store.failures = 1
    receipt = sink.deliver([at(1), at(2, NOON - timedelta(hours=1)), at(3)])
    assert receipt.retry == [0, 2]
    assert sink.deliver([at(1), at(3)]).retry == []
    assert read(store) == {"id-1": 1, "id-2": 1, "id-3": 1}


def test_an_event_that_fits_no_column_is_rejected_alone(sink: BucketSink, store: MemoryStore) -> None:
    huge = Event(category="c", units={"text": Units(input=2**70)}, provider_response_id="huge")
    odd = event(2, event_timestamp=NOON, user_id="\ud800")
    receipt = sink.deliver([at(1), huge, odd])
    assert (receipt.retry, dict(receipt.rejected)) == ([], {1: "schema", 2: "schema"})
    assert read(store) == {"id-1": 1}


def test_many_events_are_a_part_by_themselves_and_more_may_come(sink: BucketSink, store: MemoryStore) -> None:
    assert sink.deliver([at(number) for number in range(5000)]).wait is None
    sink.deliver([at(number) for number in range(5000, 50_000)])
    sink.deliver([at(50_000)])
    assert len(store.files) == 2


def test_a_forked_child_writes_to_files_of_its_own(sink: BucketSink, store: MemoryStore) -> None:
    sink.deliver([at(1)])
    sink.fork()
    sink.deliver([at(2)])
    assert store.drops == 1
    assert len(store.files) == 2
    assert read(store) == {"id-1": 1, "id-2": 1}


def call_all(tmp_path: Path, config: Any) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        number = int(request.headers["x-number"])
        usage = {"prompt_tokens": number, "completion_tokens": 2 * number, "total_tokens": 3 * number}
        body = {"id": f"c-{number}", "object": "chat.completion", "model": "gpt-4.1", "usage": usage}
        return httpx.Response(200, json={**body, "choices": []})

    payi_instrument(log_prompt_and_response=config.pop("content"), config=config)
    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        for number in range(1, 101):
            client.post(
                "https://api.openai.com/v1/chat/completions",
                json={"model": "gpt-4.1", "messages": [{"role": "user", "content": "secret"}]},
                headers={"x-number": str(number)},
            )
    assert payi_flush(60)
    assert (payi_stats().captured, payi_stats().delivered) == (100, 100)


def query(sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on a connection of its own: that of the module is everyone's."""
    with duckdb.connect() as database:
        rows: list[tuple[Any, ...]] = database.sql(sql).fetchall()
    return rows


SUMS = "select count(*), sum(text_input), sum(text_output), count(distinct id), count(content.request)"


@pytest.mark.parametrize("content", [True, False])
@pytest.mark.parametrize("spooled", [True, False])
def test_sums_in_a_folder_are_those_of_the_calls(content: bool, spooled: bool, tmp_path: Path) -> None:
    config: dict[str, Any] = {"content": content, "bucket": {"url": str(tmp_path / "bucket")}}
    config["delivery"] = {"flush_interval": 0.05, "max_batch": 7}
    if spooled:
        config["delivery"]["spool_directory"] = str(tmp_path / "spool")
    call_all(tmp_path, config)
    files = f"read_parquet('{tmp_path}/bucket/**/*.parquet', hive_partitioning = true)"
    expected = (100, 5050, 10100, 100, 100 if content else 0)
    assert query(f"{SUMS} from {files}") == [expected]
    assert query(f"{SUMS} from {files} where date >= '2026-01-01'") == [expected]
    if not content:
        assert not any(b"secret" in file.read_bytes() for file in (tmp_path / "bucket").rglob("*.parquet"))


def test_sums_in_a_bucket_are_those_of_the_calls(s3: str, tmp_path: Path) -> None:  # noqa: F811
    import boto3

    config: dict[str, Any] = {"content": True, "bucket": {"url": "s3://events/payi/", "endpoint": s3}}
    call_all(tmp_path, config)
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
    for item in client.list_objects_v2(Bucket="events")["Contents"]:
        file = tmp_path / item["Key"]
        file.parent.mkdir(parents=True, exist_ok=True)
        client.download_file("events", item["Key"], str(file))
    files = f"read_parquet('{tmp_path}/payi/**/*.parquet', hive_partitioning = true)"
    assert query(f"{SUMS} from {files}") == [(100, 5050, 10100, 100, 100)]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "pyarrow":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(PayiConfigError) as error:
        BucketSink.from_section(BucketSettings(url=str(tmp_path)))
    assert str(error.value).endswith('pip install "payi-transport[bucket]"')


def test_the_address_is_needed() -> None:
    with pytest.raises(PayiConfigError, match=r"config\.bucket: missing required key 'url'"):
        check_config({"bucket": {"every": 900}})
