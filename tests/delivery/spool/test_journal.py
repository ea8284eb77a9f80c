"""One process's records on disk: read in order, kept until acknowledged, then removed."""

from __future__ import annotations

import os
import resource
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from payi_transport.delivery.spool.journal import Journal, open_journal
from payi_transport.delivery.spool.segments import pack_record

MOST = 1 << 40
MEGABYTE = 1 << 20


def open_new(directory: Path) -> Journal:
    journal = open_journal(directory, "one", create=True)
    assert journal is not None
    return journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_new(tmp_path)
    yield journal
    journal.close()


def write(journal: Journal, *payloads: bytes) -> None:
    journal.append(b"".join(map(pack_record, payloads)))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_records_are_read_in_order_and_each_once(journal: Journal) -> None:
    write(journal, b"1", b"2", b"3")
    assert journal.read(2, MOST) == [b"1", b"2"]
    write(journal, b"4")
    assert journal.read(9, MOST) == [b"3", b"4"]
    assert journal.read(9, MOST) == []
    write(journal, b"5")
    assert journal.read(9, MOST) == [b"5"]


def test_what_is_acknowledged_leaves_no_file_but_the_lock(journal: Journal, tmp_path: Path) -> None:
    write(journal, b"1", b"2")
    journal.read(9, MOST)
    assert not journal.is_drained()
    journal.acknowledge()
    journal.acknowledge()
    journal.restart()
    assert journal.is_drained()
    assert names(tmp_path) == ["one.lock"]
    write(journal, b"3")
    assert not journal.is_drained()
    assert journal.read(9, MOST) == [b"3"]


def test_a_restart_keeps_what_is_not_settled(journal: Journal) -> None:
    write(journal, b"1", b"2")
    journal.read(1, MOST)
    journal.acknowledge()
    journal.restart()
    assert journal.read(9, MOST) == [b"2"]


def test_a_large_journal_is_in_several_files_and_each_goes_when_it_is_read(
    journal: Journal, tmp_path: Path
) -> None:
    records = [bytes([number]) * MEGABYTE for number in range(20)]
    for record in records:
        write(journal, record)
    assert len(list(tmp_path.glob("*.events"))) == 3
    found = []
    left = []
    while part := journal.read(6, MOST):
        found += part
        journal.acknowledge()
        left.append(len(list(tmp_path.glob("*.events"))))
    assert found == records
    assert left == sorted(left, reverse=True)
    journal.restart()
    assert names(tmp_path) == ["one.lock"]


def test_the_next_reader_starts_after_what_was_acknowledged(tmp_path: Path) -> None:
    first = open_new(tmp_path)
    write(first, b"1", b"2", b"3")
    first.read(1, MOST)
    first.acknowledge()
    first.read(1, MOST)
    first.close()
    second = open_new(tmp_path)
    assert second.read(9, MOST) == [b"2", b"3"]
    write(second, b"4")
    assert second.read(9, MOST) == [b"4"]
    second.acknowledge()
    second.close()
    assert names(tmp_path) == []


def checked(place: bytes) -> bytes:
    return b"%s %08x\n" % (place, zlib.crc32(place))


@pytest.mark.parametrize(
    "place",
    [
        b"",
        b"nonsense",
        b"0000000001 x\n",
        b"\xff" * 30,
        b"0000000001 00000000009999999999\n",
        b"0000000001 00000000000000000013 00000000\n",
        checked(b"0000000001 00000000009999999999"),
        checked(b"0000000007 00000000000000000000"),
    ],
)
def test_an_unreadable_position_means_the_start(place: bytes, tmp_path: Path) -> None:
    first = open_new(tmp_path)
    write(first, b"1", b"2")
    first.read(1, MOST)
    first.close()
    (tmp_path / "one.lock").write_bytes(place)
    second = open_new(tmp_path)
    assert second.read(9, MOST) == [b"1", b"2"]
    second.close()


def test_a_removed_file_is_skipped(journal: Journal, tmp_path: Path) -> None:
    for number in range(9):
        write(journal, bytes([number]) * MEGABYTE)
    next(iter(sorted(tmp_path.glob("*.events")))).unlink()
    assert journal.read(9, MOST) == [bytes([8]) * MEGABYTE]


def test_a_file_that_cannot_be_removed_is_not_read_again(tmp_path: Path) -> None:
    first = open_new(tmp_path)
    write(first, b"x" * MEGABYTE)
    assert first.read(9, MOST) == [b"x" * MEGABYTE]
    first.acknowledge()
    [segment] = tmp_path.glob("*.events")
    content = segment.read_bytes()
    segment.unlink()
    segment.mkdir()
    first.restart()
    segment.rmdir()
    segment.write_bytes(content)
    write(first, b"2")
    first.discard_inherited()
    second = open_new(tmp_path)
    assert second.read(9, MOST) == [b"2"]
    second.discard_inherited()


def test_a_write_that_fails_halfway_leaves_nothing(journal: Journal) -> None:
    write(journal, b"1")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        for _ in range(2):
            with pytest.raises(OSError, match="the disk accepted only part of a write"):
                write(journal, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    write(journal, b"2")
    assert journal.read(9, MOST) == [b"1", b"2"]


def test_a_journal_has_one_owner_until_it_is_closed(tmp_path: Path) -> None:
    first = open_new(tmp_path)
    assert open_journal(tmp_path, "one") is None
    write(first, b"1")
    first.discard_inherited()
    second = open_journal(tmp_path, "one")
    assert second is not None
    second.close()


def test_no_file_is_opened_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"ssh-ed25519")
    (tmp_path / "one.lock").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        open_journal(tmp_path, "one", create=True)
    (tmp_path / "one.lock").unlink()
    (tmp_path / "one-000001.events").symlink_to(victim)
    journal = open_new(tmp_path)
    with pytest.raises(OSError, match="symbolic links"):
        journal.read(9, MOST)
    journal.discard_inherited()
    assert victim.read_bytes() == b"ssh-ed25519"


def test_only_the_user_may_read_the_files(journal: Journal, tmp_path: Path) -> None:
    write(journal, b"1")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(("size", "files"), [(8 * MEGABYTE, 2), (8 * MEGABYTE - 1, 1)])
def test_a_file_of_8_mib_is_full_and_on_the_disk_for_sure(
    size: int, files: int, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    overhead = len(pack_record(b""))
    write(journal, b"x" * (size - overhead))
    assert len(synced) == files - 1
    write(journal, b"1")
    assert len(list(tmp_path.glob("*.events"))) == files
    found = [record for _ in range(files) for record in journal.read(9, MOST)]
    assert [len(record) for record in found] == [size - overhead, 1]


def test_files_are_named_for_their_journal_and_number(journal: Journal, tmp_path: Path) -> None:
    write(journal, b"1")
    assert names(tmp_path) == ["one-000001.events", "one.lock"]


def test_the_settled_position_is_in_the_lock_file(journal: Journal, tmp_path: Path) -> None:
    write(journal, b"1", b"2")
    journal.read(1, MOST)
    journal.acknowledge()
    place = b"%010d %020d" % (1, len(pack_record(b"1")))
    assert (tmp_path / "one.lock").read_bytes() == checked(place)
