"""When a spool looks for what others left behind, how much it reads at once, and what it never follows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from payi_transport.delivery.spool import spool as module
from payi_transport.delivery.spool.spool import REJECTED_FILE, Spool

MOST = 1 << 30


@pytest.fixture
def go_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time. It stands still otherwise."""
    now = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])

    def go_to(seconds: float) -> None:
        now[0] = 1000.0 + seconds

    return go_to


def leave_behind(directory: Path, *payloads: bytes) -> None:
    left = Spool(directory, MOST)
    assert left.append(payloads)
    left.close()


def test_what_others_leave_is_looked_for_every_30_seconds(
    go_to: Callable[[float], None], tmp_path: Path
) -> None:
    spool = Spool(tmp_path, MOST)
    assert spool.read(9) == ([], True)
    leave_behind(tmp_path, b"left")
    for seconds, found in ((29.9, ([], True)), (30.0, ([b"left"], False))):
        go_to(seconds)
        assert spool.read(9) == found
    spool.acknowledge()
    spool.close()


def test_what_was_given_back_has_to_wait_for_30_seconds_and_others_do_not(
    go_to: Callable[[float], None], tmp_path: Path
) -> None:
    leave_behind(tmp_path, b"1")
    leave_behind(tmp_path, b"2")
    spool = Spool(tmp_path, MOST)
    assert spool.read(9) == ([b"1"], False)
    assert spool.rewind(1)
    assert spool.read(9) == ([b"2"], False)
    spool.acknowledge()
    for seconds, found in ((29.9, ([], True)), (60.0, ([b"1"], False))):
        go_to(seconds)
        assert spool.read(9) == found
    spool.acknowledge()
    spool.close()


@pytest.mark.parametrize("is_own", [True, False])
def test_8_mib_are_read_at_once(is_own: bool, tmp_path: Path) -> None:
    half = b"x" * (4 * 1024 * 1024)
    spool = Spool(tmp_path, MOST)
    if is_own:
        assert all(spool.append([half]) for _ in range(3))
    else:
        leave_behind(tmp_path, half, half, half)
    sizes = []
    while records := spool.read(9)[0]:
        sizes.append(len(records))
        spool.acknowledge()
    assert sizes == [2, 1]
    spool.close()


def test_journals_are_named_for_their_time_and_process(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MOST)
    spool.append([b"1"])
    [lock] = tmp_path.glob("*.lock")
    time, _, process = lock.stem.partition("-")
    assert (len(time), time.isdigit(), process) == (20, True, str(os.getpid()))
    spool.close()


def test_rejected_events_are_added_to_those_of_others_and_through_no_link(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MOST)
    (tmp_path / REJECTED_FILE).write_bytes(b"1\n")
    spool.write_rejected(b"2")
    assert (tmp_path / REJECTED_FILE).read_bytes() == b"1\n2\n"
    (tmp_path / REJECTED_FILE).rename(tmp_path / "victim")
    (tmp_path / REJECTED_FILE).symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        spool.write_rejected(b"3")
    assert (tmp_path / "victim").read_bytes() == b"1\n2\n"


def test_rejected_events_take_room_from_the_others(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1000)
    (tmp_path / REJECTED_FILE).write_bytes(b"x" * 600)
    (tmp_path / "notes.txt").write_bytes(b"x" * 600)
    assert not spool.append([b"y" * 400])
    assert spool.append([b"y" * 300])
    spool.close()
