"""Which file an offline sink writes to, next to other processes, children and earlier runs."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import re
import time
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from payi_transport.runtime.run_start import RUN_START_VARIABLE
from payi_transport.sinks.offline import OfflineSink
from tests.sinks.offline_files import Open, event, ids


def test_the_default_name_contains_the_time_and_is_unique(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [OfflineSink().path for _ in range(4)]
    stem = r"payi_instrumentation_\d{4}(-\d\d){5}"
    assert re.fullmatch(rf"{stem}\.json", paths[0].name)
    assert all(re.fullmatch(rf"{stem}(-{os.getpid()}(-[0-9a-f]{{8}})?)?\.json", path.name) for path in paths)
    assert len(set(paths)) == 4
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert [json.loads(path.read_text()) for path in paths] == [[]] * 4


def test_sinks_of_the_same_second_keep_their_events_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sinks = [OfflineSink() for _ in range(4)]
    for number, sink in enumerate(sinks):
        sink.deliver([event(number)])
        sink.close()
    assert [ids(sink.path) for sink in sinks] == [[f"id-{number}"] for number in range(4)]


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


def deliver_elsewhere(path: Path) -> None:
    """Write an event from a process of its own, which has ended afterwards."""
    process = multiprocessing.get_context("spawn").Process(target=deliver_and_close, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == 0


def deliver_and_close(path: Path) -> None:
    with closing(OfflineSink(str(path))) as sink:
        sink.deliver([event(1)])


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


@pytest.mark.parametrize("began", ["before", "meanwhile"])
def test_what_another_process_of_the_run_has_left_is_kept(
    began: str, tmp_path: Path, open_sink: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "capture.json"
    if began == "before":
        monkeypatch.setenv(RUN_START_VARIABLE, str(time.time() - 60))
        deliver_elsewhere(path)
        sink = open_sink(path)
    else:
        sink = open_sink(path)
        deliver_elsewhere(path)
    sink.deliver([event(2)])
    assert ids(path) == ["id-1", "id-2"]


@pytest.mark.parametrize("text", ["", "[\n]\n", "[]", "not of ours"])
def test_what_is_no_file_of_events_is_replaced_whenever_it_was_written(
    text: str, tmp_path: Path, open_sink: Open
) -> None:
    sink = open_sink(tmp_path / "capture.json")
    (tmp_path / "capture.json").write_text(text)
    sink.deliver([event(2)])
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


@pytest.mark.parametrize("error", [OSError(errno.EIO, "input/output error"), RuntimeError("not supported")])
def test_an_error_of_the_lock_is_raised_and_the_next_delivery_tries_again(
    error: Exception, tmp_path: Path, open_sink: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = open_sink(tmp_path / "capture.json")
    with monkeypatch.context() as patched:

        def fail(file: object, operation: int) -> None:
            raise error

        patched.setattr(fcntl, "flock", fail)
        with pytest.raises(type(error), match=str(error.args[-1])):
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
