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
# How much is read at a time in search of a record. Reading all of the rest at every match would take time
# squared, since a prompt in a torn record may hold the magic number many times. Bytes.
_PIECE = 4096


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
    is_damaged = False
    with open(os.open(path, os.O_RDONLY | NO_FOLLOW), "rb") as file:
        for payload, next_start in _walk(file, start, end):
            start = next_start
            if payload is None:
                # A damaged record may hold the magic number, and so be several stretches in a row.
                if not is_damaged:
                    on_damage()
                is_damaged = True
            else:
                is_damaged = False
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
    file.seek(offset)
    overlap = b""
    while offset < end:
        piece = overlap + file.read(min(_PIECE, end - offset))
        found = piece.find(_MAGIC)
        if found >= 0:
            return offset - len(overlap) + found
        # Nothing was read, so the file is shorter than `end` says.
        if len(piece) == len(overlap):
            break
        offset += len(piece) - len(overlap)
        # The magic number may lie across the border of two pieces.
        overlap = piece[1 - len(_MAGIC) :]
    return end
