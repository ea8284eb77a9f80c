"""A directory that many processes share: each record is read by one of them, and in order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from payi_transport.delivery.spool.segments import pack_record
from payi_transport.delivery.spool.spool import REJECTED_FILE, Spool

MOST = 1 << 30


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path, MOST)
    yield spool
    spool.close()


def read_all(spool: Spool, most: int = 100) -> list[bytes]:
    found: list[bytes] = []
    while part := spool.read(most)[0]:
        found += part
        spool.acknowledge()
    return found


def test_what_is_appended_is_read_back_as_this_processs_own(spool: Spool) -> None:
    assert spool.read(9) == ([], True)
    assert spool.append([b"1", b"2"])
    assert spool.append([b"3"])
    assert spool.read(2) == ([b"1", b"2"], True)
    spool.acknowledge()
    assert spool.read(2) == ([b"3"], True)
    assert (spool.written, spool.read_back, spool.damaged) == (3, 3, 0)


def test_a_file_holds_its_records_and_nothing_else(spool: Spool, tmp_path: Path) -> None:
    payloads = [b"one", b"two", b"three"]
    assert spool.append(payloads)
    [segment] = tmp_path.glob("*.events")
    assert segment.read_bytes() == b"".join(map(pack_record, payloads))


def test_records_may_fill_the_room_to_the_last_byte(tmp_path: Path) -> None:
    payloads = [b"one", b"two", b"three"]
    size = sum(len(pack_record(payload)) for payload in payloads)
    for room, fits in ((size, True), (size - 1, False)):
        spool = Spool(tmp_path, room)
        assert spool.append(payloads) is fits
        assert read_all(spool) == (payloads if fits else [])
        spool.close()


def test_a_spool_with_nothing_in_it_leaves_no_file(spool: Spool, tmp_path: Path) -> None:
    spool.append([b"1"])
    assert read_all(spool) == [b"1"]
    spool.close()
    assert list(tmp_path.iterdir()) == []
    spool.acknowledge()


def test_no_more_is_written_than_there_is_room_for(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1000)
    assert spool.append([b"x" * 400])
    assert spool.append([b"y" * 400])
    assert not spool.append([b"z" * 400])
    assert read_all(spool) == [b"x" * 400, b"y" * 400]
    assert spool.append([b"z" * 400])
    assert read_all(spool) == [b"z" * 400]
    spool.close()


@pytest.mark.usefixtures("without_locks")
def test_nothing_is_written_where_files_cannot_be_locked(spool: Spool) -> None:
    with pytest.raises(OSError, match="No locks available"):
        spool.append([b"1"])
    assert spool.written == 0


def test_what_another_process_left_behind_comes_first_and_is_not_its_own(tmp_path: Path) -> None:
    before = Spool(tmp_path, MOST)
    before.append([b"1", b"2"])
    before.close()
    spool = Spool(tmp_path, MOST)
    spool.append([b"3"])
    assert spool.read(1) == ([b"1"], False)
    spool.acknowledge()
    assert spool.read(9) == ([b"2"], False)
    spool.acknowledge()
    assert spool.read(9) == ([b"3"], True)
    spool.acknowledge()
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_journals_left_behind_are_read_from_oldest_to_newest(tmp_path: Path) -> None:
    spools = [Spool(tmp_path, MOST) for _ in range(4)]
    for number, spool in enumerate(spools):
        spool.append([b"%d" % number])
    for spool in reversed(spools):
        spool.close()
    reader = Spool(tmp_path, MOST)
    assert read_all(reader) == [b"0", b"1", b"2", b"3"]
    reader.close()


def test_a_journal_that_a_process_holds_is_read_by_no_other(tmp_path: Path) -> None:
    first, second, third = (Spool(tmp_path, MOST) for _ in range(3))
    first.append([b"1"])
    assert second.read(9) == ([], True)
    first.close()
    assert third.read(9) == ([b"1"], False)
    assert Spool(tmp_path, MOST).read(9) == ([], True)
    third.close()


def test_a_journal_of_another_user_is_skipped(tmp_path: Path, spool: Spool) -> None:
    # A directory cannot be opened as a file, not even by root.
    (tmp_path / "00000000000000000001-1.lock").mkdir()
    spool.append([b"1"])
    assert spool.read(9) == ([b"1"], True)


def test_an_unreadable_journal_is_skipped(tmp_path: Path, spool: Spool) -> None:
    left = Spool(tmp_path, MOST)
    left.append([b"left"])
    left.close()
    [segment] = tmp_path.glob("*.events")
    segment.unlink()
    # A directory cannot be opened as a file, not even by root.
    segment.mkdir()
    spool.append([b"1"])
    assert read_all(spool) == [b"1"]
    spool.append([b"2"])
    spool._next_adoption = 0.0
    assert read_all(spool) == [b"2"]


def test_records_that_were_damaged_on_the_disk_are_counted(tmp_path: Path, spool: Spool) -> None:
    spool.append([b"one", b"two", b"three"])
    [segment] = tmp_path.glob("*.events")
    segment.write_bytes(segment.read_bytes().replace(b"two", b"2wo"))
    assert read_all(spool) == [b"one", b"three"]
    assert (spool.written, spool.damaged) == (3, 1)
    spool.append([b"four"])
    segment = next(tmp_path.glob("*.events"))
    segment.write_bytes(b"")
    assert read_all(spool) == []
    assert (spool.written, spool.damaged) == (4, 2)


def test_rejected_events_get_a_tenth_of_the_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 600)
    for number in range(99):
        spool.write_rejected(json.dumps({"number": number}).encode())
    lines = (tmp_path / REJECTED_FILE).read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [0, 1, 2, 3]
    assert (tmp_path / REJECTED_FILE).stat().st_mode & 0o777 == 0o600
    assert spool.append([b"x" * 500])
    spool.close()


def test_records_kept_in_memory_are_read_first(spool: Spool, tmp_path: Path) -> None:
    left = Spool(tmp_path, MOST)
    left.append([b"left"])
    left.close()
    spool.append([b"1"])
    assert spool.keep_in_memory([b"2", b"3"])
    assert not spool.keep_in_memory([b"4"])
    assert (spool.written, spool.in_memory) == (3, 2)
    assert spool.read(1) == ([b"2", b"3"], True)
    assert not spool.keep_in_memory([b"4"])
    spool.acknowledge()
    assert (spool.in_memory, spool.damaged) == (0, 0)
    assert read_all(spool) == [b"left", b"1"]
    assert spool.keep_in_memory([b"4"])
    assert read_all(spool) == [b"4"]
    assert (spool.written, spool.read_back, spool.damaged) == (4, 4, 0)


def test_a_file_that_disappears_during_measuring_counts_as_empty(tmp_path: Path, spool: Spool) -> None:
    (tmp_path / "gone.events").symlink_to(tmp_path / "nowhere")
    assert spool.append([b"1"])


def test_one_later_process_adopts_the_records_of_a_killed_one(tmp_path: Path) -> None:
    script = f"""
        import os, signal
        from pathlib import Path
        from payi_transport.delivery.spool.spool import Spool
        spool = Spool(Path({str(tmp_path)!r}), {MOST})
        spool.append([b"%d" % number for number in range(100)])
        spool.read(10)
        spool.acknowledge()
        spool.read(10)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], timeout=60)
    spools = [Spool(tmp_path, MOST) for _ in range(2)]
    found = [spool.read(100) for spool in spools]
    assert found == [([b"%d" % number for number in range(10, 100)], False), ([], True)]
    for spool in spools:
        spool.acknowledge()
        spool.close()


def test_a_forked_child_leaves_the_files_to_its_parent(tmp_path: Path, spool: Spool) -> None:
    left = Spool(tmp_path, MOST)
    left.append([b"left"])
    left.close()
    spool.append([b"1"])
    assert spool.read(9) == ([b"left"], False)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            spool.discard_inherited()
            own = Spool(tmp_path, MOST)
            own.append([b"child"])
            code = 0 if read_all(own) == [b"child"] else 2
            own.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    spool.acknowledge()
    assert read_all(spool) == [b"1"]
    Spool(tmp_path, MOST).discard_inherited()


def test_what_was_read_and_is_not_settled_is_read_again_with_what_is_newer(spool: Spool) -> None:
    assert not spool.rewind(1)
    assert spool.append([b"1"])
    assert spool.read(9) == ([b"1"], True)
    assert spool.append([b"2"])
    assert spool.rewind(1)
    assert spool.read(9) == ([b"1", b"2"], True)
    spool.acknowledge()
    assert (spool.written, spool.read_back) == (2, 2)
