"""Events in a file that is a complete JSON array at every moment."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timezone
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from payi_transport import Event, PayiConfigError, Units
from payi_transport.sinks.offline import OfflineSink


def event(number: int, text: str = "hello") -> Event:
    return Event(
        category="system.openai",
        units={"text": Units(input=number)},
        provider_response_id=f"id-{number}",
        event_timestamp=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        provider_request_json=text,
    )


Open = Callable[[Path], OfflineSink]


@pytest.fixture
def open_sink() -> Iterator[Open]:
    """Creates sinks that are closed at the end of the test."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(closing(OfflineSink(str(path))))


def ids(path: Path) -> list[str]:
    return [event["provider_response_id"] for event in json.loads(path.read_text("utf-8"))]


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


def test_each_delivery_asks_for_a_pause(tmp_path: Path, open_sink: Open) -> None:
    receipt = open_sink(tmp_path / "capture.json").deliver([event(1)])
    assert receipt.wait is not None and receipt.wait > 0
    assert not receipt.retry and not receipt.rejected
    assert receipt.bytes_sent > 50


def test_the_default_name_contains_the_time_and_is_unique(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = OfflineSink().path, OfflineSink().path
    assert re.fullmatch(r"payi_instrumentation_\d{4}(-\d\d){5}\.json", first.name)
    assert first != second
    assert json.loads(first.read_text()) == json.loads(second.read_text()) == []


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


@pytest.mark.parametrize("before", [[], ["id-1"]], ids=["unused", "used"])
def test_a_forked_child_writes_to_a_file_of_its_own(
    before: list[str], tmp_path: Path, open_sink: Open
) -> None:
    sink = open_sink(tmp_path / "capture.json")
    if before:
        sink.deliver([event(1)])
    child = os.fork()
    if child == 0:
        sink.fork()
        sink.deliver([event(2)])
        os._exit(0)
    os.waitpid(child, 0)
    sink.deliver([event(3)])
    assert ids(tmp_path / "capture.json") == [*before, "id-3"]
    assert ids(tmp_path / f"capture-{child}.json") == ["id-2"]


def test_a_forked_child_that_closes_does_not_release_the_name_of_its_parent(
    tmp_path: Path, open_sink: Open
) -> None:
    sink = open_sink(tmp_path / "capture.json")
    sink.deliver([event(1)])
    child = os.fork()
    if child == 0:
        sink.fork()
        sink.close()
        os._exit(0)
    os.waitpid(child, 0)
    other = open_sink(tmp_path / "capture.json")
    other.deliver([event(2)])
    assert ids(sink.path) == ["id-1"]
    assert ids(other.path) == ["id-2"]


def deliver_side_by_side(path: Path, first: int, all_ready: Barrier) -> None:
    """Run in several processes at once, all with the same file name."""
    with closing(OfflineSink(str(path))) as sink:
        for number in range(first, first + 5):
            all_ready.wait(60)
            sink.deliver([event(number)])
        all_ready.wait(60)


def test_each_of_several_running_processes_has_a_file_with_all_of_its_events(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    all_ready = context.Barrier(3)
    path = tmp_path / "capture.json"
    starts = [100, 200, 300]
    processes = [
        context.Process(target=deliver_side_by_side, args=(path, start, all_ready)) for start in starts
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    files = {file.name: ids(file) for file in tmp_path.iterdir()}
    assert sorted(files.values()) == [[f"id-{start + number}" for number in range(5)] for start in starts]
    own = {f"capture-{process.pid}.json" for process in processes}
    assert "capture.json" in files and len(files.keys() & own) == 2


def test_a_second_sink_of_this_process_appends_to_the_file_of_the_first(
    tmp_path: Path, open_sink: Open
) -> None:
    first = open_sink(tmp_path / "capture.json")
    first.deliver([event(1)])
    first.close()
    open_sink(tmp_path / "capture.json").deliver([event(2)])
    assert ids(tmp_path / "capture.json") == ["id-1", "id-2"]


def test_a_file_of_an_earlier_process_is_replaced(tmp_path: Path, open_sink: Open) -> None:
    (tmp_path / "capture.json").write_text("[]")
    open_sink(tmp_path / "capture.json").deliver([event(2)])
    assert ids(tmp_path / "capture.json") == ["id-2"]


def test_a_child_does_not_touch_what_its_parent_wrote_before_the_fork(
    tmp_path: Path, open_sink: Open
) -> None:
    first = open_sink(tmp_path / "capture.json")
    first.deliver([event(1)])
    first.close()
    child = os.fork()
    if child == 0:
        OfflineSink(str(tmp_path / "capture.json")).deliver([event(2)])
        os._exit(0)
    os.waitpid(child, 0)
    assert ids(tmp_path / "capture.json") == ["id-1"]
    assert ids(tmp_path / f"capture-{child}.json") == ["id-2"]


def test_an_error_of_the_lock_is_raised_and_the_next_delivery_tries_again(
    tmp_path: Path, open_sink: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = open_sink(tmp_path / "capture.json")
    with monkeypatch.context() as patched:

        def fail(file: object, operation: int) -> None:
            raise OSError(errno.EIO, "input/output error")

        patched.setattr(fcntl, "flock", fail)
        with pytest.raises(OSError, match="input/output error"):
            sink.deliver([event(1)])
    sink.deliver([event(1)])
    assert ids(tmp_path / "capture.json") == ["id-1"]


def test_a_sink_never_writes_to_a_locked_name_even_with_an_equal_process_id(
    tmp_path: Path, open_sink: Open
) -> None:
    sinks = [open_sink(tmp_path / "capture.json") for _ in range(4)]
    for number, sink in enumerate(sinks):
        sink.deliver([event(number)])
        sink.deliver([event(number + 10)])
    assert [ids(sink.path) for sink in sinks] == [[f"id-{n}", f"id-{n + 10}"] for n in range(4)]
    assert [sink.path.name for sink in sinks[:2]] == ["capture.json", f"capture-{os.getpid()}.json"]
    for sink in sinks[2:]:
        assert re.fullmatch(rf"capture-{os.getpid()}-[0-9a-f]{{8}}\.json", sink.path.name)


@pytest.mark.usefixtures("without_locks")
def test_the_requested_name_is_used_where_files_cannot_be_locked(tmp_path: Path, open_sink: Open) -> None:
    sink = open_sink(tmp_path / "capture.json")
    sink.deliver([event(1)])
    assert sink.path == tmp_path / "capture.json"
    assert ids(sink.path) == ["id-1"]


def test_a_name_whose_lock_belongs_to_another_user_is_not_used(
    tmp_path: Path, open_sink: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(path: Path, *args: int, **options: int) -> int:
        if Path(path).name == ".capture.json.lock":
            raise PermissionError(errno.EACCES, "owned by another user")
        return os_open(path, *args, **options)

    # Patched, not set by file mode: root may open every file.
    os_open = os.open
    monkeypatch.setattr(os, "open", deny)
    sink = open_sink(tmp_path / "capture.json")
    sink.deliver([event(1)])
    assert sink.path.name == f"capture-{os.getpid()}.json"
    assert ids(sink.path) == ["id-1"]


def test_closing_works_after_the_lock_file_was_removed(tmp_path: Path, open_sink: Open) -> None:
    sink = open_sink(tmp_path / "capture.json")
    sink.deliver([event(1)])
    (tmp_path / ".capture.json.lock").unlink()
    sink.close()
    assert ids(sink.path) == ["id-1"]


def test_a_process_that_is_killed_leaves_a_complete_array(tmp_path: Path, open_sink: Open) -> None:
    script = f"""
        import itertools
        from tests.sinks.test_offline import event
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
