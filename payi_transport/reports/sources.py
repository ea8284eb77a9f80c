"""Which files a report reads: those named, those that match a pattern, and those in a directory.

A directory may be a spool, whose events were not delivered yet, or have files of events. `-` is the standard
input. Files that are compressed with gzip are read as they are.
"""

from __future__ import annotations

import glob
import gzip
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from payi_transport.errors import PayiError

__all__ = ["find_files", "is_spooled", "open_file"]

_STANDARD_INPUT = "-"
_SPOOLED = ".events"
_SUFFIXES = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz", _SPOOLED)
_GZIP = b"\x1f\x8b"


def find_files(sources: Iterable[str | Path]) -> list[Path]:
    """Return each file once, in the order of the sources and, of one source, by name.

    Raises PayiError for a source without any.
    """
    found: dict[Path, None] = {}
    for source in sources:
        paths = sorted(_expand(str(source)))
        if not paths:
            raise PayiError(f"{source}: found no file of events; {_describe(Path(source))}")
        found.update(dict.fromkeys(paths))
    return list(found)


def is_spooled(path: Path) -> bool:
    """Return whether a file is a segment of a spool."""
    return path.suffix == _SPOOLED


@contextmanager
def open_file(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Open a file, and yield it with what tells how much of it was read. Raises OSError."""
    if str(path) == _STANDARD_INPUT:
        yield sys.stdin.buffer, sys.stdin.buffer
        return
    with path.open("rb") as file:
        if file.peek(2)[:2] != _GZIP:
            yield file, file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield cast("BinaryIO", unpacked), file


def _expand(source: str) -> Iterator[Path]:
    path = Path(source)
    if source == _STANDARD_INPUT or path.is_file():
        yield path
    elif path.is_dir():
        # A spool has the journals of many processes, and some of them below.
        yield from (file for file in path.rglob("*") if file.name.endswith(_SUFFIXES) and file.is_file())
    elif path.exists():
        # A pipe, as a shell makes it for `<(…)`.
        yield path
    else:
        yield from (file for file in map(Path, glob.glob(source, recursive=True)) if file.is_file())


def _describe(path: Path) -> str:
    if path.is_dir():
        return f"the directory has none that ends in {', '.join(_SUFFIXES)}"
    return "expected a file, a directory, a pattern such as 'logs/*.jsonl', or - for the standard input"
