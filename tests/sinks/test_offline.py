"""Events in a file that is a complete JSON array at every moment."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from payi_transport import PayiConfigError
from payi_transport.sinks import offline
from payi_transport.sinks.offline import OfflineSink
from payi_transport.values.file_counts import FileCounts, find_counts_path, read_counts
from tests.sinks.offline_files import Open, event, ids


def test_a_file_of_events_is_for_this_user_only_and_written_through_no_link(
    open_sink: Open, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    path = tmp_path / "capture.json"
    (tmp_path / f".capture.json.{os.getpid()}.partial").symlink_to(victim)
    sink = open_sink(path)
    sink.deliver([event(1)])
    sink.deliver([event(2)])
    assert (victim.read_text(), path.is_symlink()) == ("mine", False)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(path.read_text())) == 2


def test_the_file_is_a_complete_array_after_every_delivery(tmp_path: Path, open_sink: Open) -> None:
    sink = open_sink(tmp_path / "capture.json")
    for number in range(5):
        sink.deliver([event(number), event(number + 100)])
        assert len(ids(sink.path)) == 2 * (number + 1)
    sink.close()
    assert [path.name for path in tmp_path.iterdir()] == ["capture.json"]


def test_an_event_has_the_fields_of_the_ingest_api(tmp_path: Path, open_sink: Open) -> None:
    sink = open_sink(tmp_path / "capture.json")
    sink.deliver([event(7, "grüße 🎉")])
    assert json.loads(sink.path.read_text("utf-8")) == [
        {
            "category": "system.openai",
            "units": {"text": {"input": 7}},
            "provider_response_id": "id-7",
            "event_timestamp": "2026-01-02T03:04:05Z",
            "provider_request_json": "grüße 🎉",
        }
    ]


def test_an_older_file_of_the_same_name_is_replaced(tmp_path: Path, open_sink: Open) -> None:
    path = tmp_path / "capture.json"
    path.write_text("[1, 2, 3]")
    open_sink(path).deliver([event(1)])
    assert ids(path) == ["id-1"]


def test_a_file_that_was_removed_is_created_again(tmp_path: Path, open_sink: Open) -> None:
    sink = open_sink(tmp_path / "capture.json")
    sink.deliver([event(1)])
    sink.path.unlink()
    sink.deliver([event(2)])
    assert ids(sink.path) == ["id-2"]


def test_each_delivery_asks_for_a_pause_of_ten_times_what_it_took(
    tmp_path: Path, open_sink: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = open_sink(tmp_path / "capture.json")
    monkeypatch.setattr(offline, "monotonic", itertools.count(100.0, 0.5).__next__)
    receipt = sink.deliver([event(1)])
    assert receipt.wait == 5.0
    assert not receipt.retry and not receipt.rejected
    assert receipt.bytes_sent == len(msgspec.json.encode(event(1)))


def test_a_directory_without_write_permission_raises_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Patched, not set by file mode: root may write everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PayiConfigError, match="cannot be written"):
        OfflineSink(str(tmp_path / "capture.json"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere/capture.json", "directory that does not exist"),
        (".", "cannot be written"),
        ("ro/x.json", "written"),
    ],
)
def test_a_name_that_cannot_be_written_raises_at_once(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ro").mkdir()
    (tmp_path / "ro" / "x.json").mkdir()
    with pytest.raises(PayiConfigError, match=f"config.offline_instrumentation.file_name: .*{message}"):
        OfflineSink(name)


def test_a_process_that_is_killed_leaves_a_complete_array(tmp_path: Path, open_sink: Open) -> None:
    script = f"""
        import itertools
        from tests.sinks.offline_files import event
        from payi_transport.sinks.offline import OfflineSink
        sink = OfflineSink({str(tmp_path / "capture.json")!r})
        for number in itertools.count():
            sink.deliver([event(number, "x" * 20000)])
            print(number, flush=True)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(20):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert len(ids(tmp_path / "capture.json")) >= 20
    sink = open_sink(tmp_path / "capture.json")
    sink.deliver([event(1)])
    assert ids(tmp_path / "capture.json") == ["id-1"]


def test_what_is_missing_from_a_file_is_beside_it(tmp_path: Path, open_sink: Open) -> None:
    path = tmp_path / "capture.json"
    find_counts_path(path).write_text('{"lost": {"full": 99}}')
    sink = open_sink(path)
    sink.write_counts(FileCounts())
    assert [found.name for found in tmp_path.iterdir()] == ["capture.json.counts"]
    sink.deliver([event(1)])
    assert read_counts(path) == FileCounts()
    sink.write_counts(FileCounts())
    assert not find_counts_path(path).exists()
    for lost in (1, 3, 3):
        sink.write_counts(FileCounts(lost={"full": lost}, unobserved={"grpc": 2}))
    assert read_counts(path) == FileCounts(lost={"full": 3}, unobserved={"grpc": 2})
    assert find_counts_path(path).stat().st_mode & 0o777 == 0o600
    sink.close()
    # A second sink of this process continues the file, and counts from zero.
    again = open_sink(path)
    again.deliver([event(2)])
    again.write_counts(FileCounts(lost={"full": 4}))
    assert read_counts(path) == FileCounts(lost={"full": 7}, unobserved={"grpc": 2})
    again.fork()
    assert sorted(found.name for found in tmp_path.iterdir() if not found.name.startswith(".")) == [
        "capture.json",
        "capture.json.counts",
    ]


def test_what_is_missing_is_told_where_no_event_came(tmp_path: Path, open_sink: Open) -> None:
    path = tmp_path / "capture.json"
    path.write_text('[\n{"category": "of an earlier run"}\n]\n')
    find_counts_path(path).write_text('{"lost": {"full": 99}}')
    os.utime(path, (0, 0))
    sink = open_sink(path)
    sink.write_counts(FileCounts(unobserved={"unmapped": 1}))
    assert (ids(path), read_counts(path)) == ([], FileCounts(unobserved={"unmapped": 1}))
    sink.close()
    # Another process of the same run has events and counts of its own.
    other = open_sink(path)
    other.deliver([event(1)])
    other.write_counts(FileCounts(unobserved={"unmapped": 2}))
    other.deliver([event(2)])
    assert (ids(path), read_counts(path)) == (["id-1", "id-2"], FileCounts(unobserved={"unmapped": 3}))


def test_counts_of_a_sink_without_events_are_not_beside_the_file_of_another(
    tmp_path: Path, open_sink: Open
) -> None:
    path = tmp_path / "capture.json"
    first, second = open_sink(path), open_sink(path)
    first.deliver([event(1)])
    second.write_counts(FileCounts(lost={"full": 1}))
    assert second.path == tmp_path / f"capture-{os.getpid()}.json"
    assert (ids(path), ids(second.path)) == (["id-1"], [])
    assert (read_counts(path), read_counts(second.path)) == (FileCounts(), FileCounts(lost={"full": 1}))
