"""Records in a file that may be cut or damaged anywhere.

A process may be killed in the middle of a write, and a disk may return other bytes than were written. So each
record carries a magic number, its length, and a checksum, and the reader needs no index: it skips what does
not check out and searches for the next magic number. One damaged byte costs one record.

The layout is `PAYI`, the length of the payload, its CRC-32 (both little-endian, 4 bytes), and the payload.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["NO_FOLLOW", "pack_record", "read_records"]

# A file of the spool is never a link. Where one is, somebody wants another file to be read or overwritten.
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)

_MAGIC = b"PAYI"
_HEADER = struct.Struct("<4sII")


def pack_record(payload: bytes) -> bytes:
    """Return a record as it is written to a file."""
    return _HEADER.pack(_MAGIC, len(payload), zlib.crc32(payload)) + payload


def read_records(
    path: Path,
    start: int,
    end: int,
    most: int,
    most_bytes: int,
    on_damage: Callable[[], None] = lambda: None,
) -> tuple[list[bytes], int]:
    """Read up to `most` payloads between two offsets; return them and the offset of the next record.

    Bytes that are not a record are skipped, and so is a record that is cut off at `end`. Reading stops early
    once the payloads have `most_bytes` in total. `on_damage` is called for each stretch of bytes that is not
    a record. Raises OSError.
    """
    records: list[bytes] = []
    size = 0
    with open(os.open(path, os.O_RDONLY | NO_FOLLOW), "rb") as file:
        for payload, next_start in _walk(file, start, end):
            start = next_start
            if payload is None:
                on_damage()
            else:
                records.append(payload)
                size += len(payload)
            if len(records) == most or size >= most_bytes:
                break
    return records, start


def _walk(file: io.BufferedReader, offset: int, end: int) -> Iterator[tuple[bytes | None, int]]:
    """Yield each payload and the offset after it; None for a stretch of bytes that is not a record."""
    while offset < end:
        file.seek(offset)
        payload = _read_one(file, end - offset - _HEADER.size)
        if payload is None:
            offset = _find_next(file, offset + 1, end)
        else:
            offset += _HEADER.size + len(payload)
        yield payload, offset


def _read_one(file: io.BufferedReader, room: int) -> bytes | None:
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    magic, length, checksum = _HEADER.unpack(header)
    # A damaged length must not make this read gigabytes.
    if magic != _MAGIC or length > room:
        return None
    payload = file.read(length)
    return payload if zlib.crc32(payload) == checksum else None


def _find_next(file: io.BufferedReader, offset: int, end: int) -> int:
    """Return where the next intact record begins, or `end`."""
    file.seek(offset)
    # Once and in memory. A prompt in a torn record may hold the magic number thousands of times, and reading
    # at each of them would take time squared.
    rest = file.read(end - offset)
    view = memoryview(rest)
    found = rest.find(_MAGIC)
    while found >= 0:
        if _is_record(view[found:]):
            return offset + found
        found = rest.find(_MAGIC, found + 1)
    return end


def _is_record(data: memoryview) -> bool:
    """Return whether an intact record begins here."""
    if len(data) < _HEADER.size:
        return False
    _, length, checksum = _HEADER.unpack_from(data)
    payload = data[_HEADER.size : _HEADER.size + length]
    # The length is compared first: that of text is larger than any segment.
    return len(payload) == length and bool(zlib.crc32(payload) == checksum)
