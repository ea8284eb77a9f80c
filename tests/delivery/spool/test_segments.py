"""Whatever happens to the bytes of a file, its intact records are read."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.delivery.spool.segments import _find_next, pack_record, read_records

PAYLOADS = st.lists(st.binary(max_size=40) | st.sampled_from([b"PAYI", b"PAYI\x04\x00\x00\x00"]), max_size=12)
MOST = 1 << 40


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("segments") / "segment"


def read_all(file: Path, data: bytes) -> list[bytes]:
    file.write_bytes(data)
    records, end = read_records(file, 0, len(data), MOST, MOST)
    assert end == len(data)
    return records


@given(payloads=PAYLOADS)
def test_what_was_packed_is_read(payloads: list[bytes], file: Path) -> None:
    assert read_all(file, b"".join(map(pack_record, payloads))) == payloads


@given(payloads=PAYLOADS, most=st.integers(1, 4), most_bytes=st.integers(1, 60))
def test_reading_in_steps_returns_the_same_records(
    payloads: list[bytes], most: int, most_bytes: int, file: Path
) -> None:
    file.write_bytes(b"".join(map(pack_record, payloads)))
    size, place = file.stat().st_size, 0
    found: list[bytes] = []
    while place < size:
        records, place = read_records(file, place, size, most, most_bytes)
        assert len(records) <= most
        found += records
    assert found == payloads


@given(payloads=PAYLOADS, data=st.data())
def test_a_torn_tail_costs_the_record_that_was_torn(
    payloads: list[bytes], data: st.DataObject, file: Path
) -> None:
    whole = b"".join(map(pack_record, payloads))
    cut = data.draw(st.integers(0, len(whole)))
    found = read_all(file, whole[:cut])
    assert found == payloads[: len(found)]
    assert len(b"".join(map(pack_record, payloads[: len(found) + 1]))) > cut or found == payloads


@given(payloads=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=12), data=st.data())
def test_a_damaged_byte_costs_the_record_that_it_is_in(
    payloads: list[bytes], data: st.DataObject, file: Path
) -> None:
    damaged = data.draw(st.integers(0, len(payloads) - 1))
    records = [bytearray(pack_record(payload)) for payload in payloads]
    place = data.draw(st.integers(0, len(records[damaged]) - 1))
    records[damaged][place] ^= data.draw(st.integers(1, 255))
    assert read_all(file, b"".join(records)) == payloads[:damaged] + payloads[damaged + 1 :]


@given(data=st.binary(max_size=200))
def test_random_bytes_contain_no_records(data: bytes, file: Path) -> None:
    assert read_all(file, data) == []


def test_a_magic_number_without_room_for_a_record_is_none(file: Path) -> None:
    assert read_all(file, pack_record(b"one") + b"torn" + b"PAYI") == [b"one"]


def test_a_torn_record_full_of_magic_numbers_is_searched_in_linear_time(file: Path) -> None:
    torn = pack_record(b"PAYI" * 250_000)[:-1]
    following = pack_record(b"following")
    started = process_time()
    assert read_all(file, torn + following) == [b"following"]
    # Reading the whole rest at each of the 250,000 matches would take minutes.
    assert process_time() - started < 20


@given(before=st.integers(0, 9000))
def test_a_record_is_found_wherever_the_search_cuts_the_file(before: int, file: Path) -> None:
    assert read_all(file, b"x" * before + pack_record(b"found")) == [b"found"]


def test_no_byte_past_the_end_that_was_asked_for_is_looked_at(file: Path) -> None:
    before, later = pack_record(b"before" * 9), pack_record(b"later")
    file.write_bytes(before + b"no record" + later)
    end = len(before + b"no re")
    assert read_records(file, 0, end, MOST, MOST) == ([b"before" * 9], end)


def test_a_record_that_reaches_past_the_end_is_not_read(file: Path) -> None:
    before, half = pack_record(b"before"), pack_record(b"half")
    file.write_bytes(before + half)
    end = len(before + half)
    assert read_records(file, 0, end - 1, MOST, MOST) == ([b"before"], end - 1)
    assert read_records(file, 0, end, MOST, MOST) == ([b"before", b"half"], end)


def test_a_search_ends_where_the_file_does_if_that_is_before_the_end_asked_for(file: Path) -> None:
    file.write_bytes(b"no record")
    with file.open("rb") as opened:
        assert _find_next(opened, 0, 1000) == 1000
