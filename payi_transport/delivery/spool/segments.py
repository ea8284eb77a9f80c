"""Records in files that may end in the middle of one.

A record is `PAYI`, its length, its CRC-32 (both little-endian, 4 bytes), and its bytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

__all__ = ["pack_record", "read_records"]

_MAGIC = b"PAYI"
_HEAD = struct.Struct("<4sII")


def pack_record(payload: bytes) -> bytes:
    """A record as it stands in a file."""
    return _HEAD.pack(_MAGIC, len(payload), zlib.crc32(payload)) + payload


def read_records(path: Path, start: int, end: int, most: int, most_bytes: int) -> tuple[list[bytes], int]:
    """Up to `most` records between two offsets, and where the next one begins.

    Bytes that are no record are left out up to the next that are, and a record cut at the end is none. No
    more are read once `most_bytes` came together. Raises OSError.
    """
    records: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for payload, next_start in _walk(file, start, end):
            start = next_start
            if payload is not None:
                records.append(payload)
                size += len(payload)
            if len(records) == most or size >= most_bytes:
                break
    return records, start


def _walk(file: io.BufferedReader, offset: int, end: int) -> Iterator[tuple[bytes | None, int]]:
    """Each record and where it ends, None for bytes that are none."""
    while offset < end:
        file.seek(offset)
        payload = _read_one(file, end - offset - _HEAD.size)
        if payload is None:
            offset = _find_next(file, offset + 1, end)
        else:
            offset += _HEAD.size + len(payload)
        yield payload, offset


def _read_one(file: io.BufferedReader, room: int) -> bytes | None:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    magic, length, checksum = _HEAD.unpack(head)
    if magic != _MAGIC or length > room:
        return None
    payload = file.read(length)
    return payload if zlib.crc32(payload) == checksum else None


def _find_next(file: io.BufferedReader, offset: int, end: int) -> int:
    file.seek(offset)
    found = file.read(end - offset).find(_MAGIC)
    return end if found < 0 else offset + found
