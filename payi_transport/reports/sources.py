"""Which files a report reads: those named, those that match a pattern, and those in a directory.

A directory may be a spool, whose events were not delivered yet, or have files of events. `-` is the standard
input. What is compressed with gzip or written as UTF-16 is read as it is.
"""

from __future__ import annotations

import codecs
import glob
import gzip
import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

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
    with _open(path) as file:
        if file.peek(2)[:2] != _GZIP:
            yield _recode(file), cast("BinaryIO", file)
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield _recode(io.BufferedReader(cast("Any", unpacked))), cast("BinaryIO", file)


@contextmanager
def _open(path: Path) -> Iterator[io.BufferedReader]:
    if str(path) != _STANDARD_INPUT:
        with path.open("rb") as file:
            yield file
        return
    given = io.BufferedReader(cast("Any", sys.stdin.buffer))
    try:
        yield given
    finally:
        # It is the program's, and stays open.
        given.detach()


def _recode(file: io.BufferedReader) -> BinaryIO:
    """Return a file as UTF-8. PowerShell writes UTF-16 where a command's output is sent to a file."""
    is_wide = file.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return cast("BinaryIO", _Recoded(file) if is_wide else file)


class _Recoded:
    """A file in UTF-16, read as UTF-8. What can't be decoded is replaced."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-16")("replace").decode

    def read(self, size: int = -1) -> bytes:
        """Return the text of so many bytes of the file, nothing only at its end."""
        while data := self._file.read(size):
            if text := self._decode(data):
                return text.encode("utf-8", "replace")
        return b""


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
