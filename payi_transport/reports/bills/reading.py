"""Reading a bill: find out which format a file has, and leave out what two files both have."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from payi_transport.errors import PayiError
from payi_transport.reports.bills.anthropic import (
    is_anthropic,
    is_anthropic_table,
    read_anthropic,
    read_anthropic_table,
)
from payi_transport.reports.bills.aws import is_aws, read_aws
from payi_transport.reports.bills.azure import is_azure, read_azure
from payi_transport.reports.bills.focus import is_focus, read_focus
from payi_transport.reports.bills.google import is_google, read_google
from payi_transport.reports.bills.line import BillLine, Table
from payi_transport.reports.bills.locales import make_plain
from payi_transport.reports.bills.openai import is_openai, is_openai_table, read_openai, read_openai_table
from payi_transport.reports.bills.sheets import find_table
from payi_transport.reports.bills.values import Unread, ValueReader, describe_unread

__all__ = ["Bill", "read_bills"]

_DOCUMENTS = ((is_openai, read_openai), (is_anthropic, read_anthropic))
_TABLES = (
    (is_focus, read_focus),
    (is_aws, read_aws),
    (is_azure, read_azure),
    (is_google, read_google),
    (is_openai_table, read_openai_table),
    (is_anthropic_table, read_anthropic_table),
)
_EXPECTED = (
    "expected a cost export: FOCUS (CSV or Parquet), OpenAI's costs or usage, Anthropic's cost or usage"
    " report (JSON of their APIs, or CSV of their consoles), an AWS Cost and Usage Report, an Azure cost"
    " export, or Google Cloud's billing export"
)
_PARQUET = "reading Parquet files needs one more package: pip install 'payi-transport[parquet]'"


class Bill(NamedTuple):
    """The lines of all files, those that a second file had once more, and the values that can't be read."""

    lines: list[BillLine]
    repeats: list[BillLine]
    unread: Sequence[Unread] = ()


def read_bills(paths: Iterable[Path]) -> Bill:
    """Read bills. Raises PayiError for a file that can't be read, and for one without a line that we know."""
    lines: list[BillLine] = []
    repeats: list[BillLine] = []
    unread: list[Unread] = []
    known: Counter[BillLine] = Counter()
    for path in paths:
        values = ValueReader()
        found = Counter(_read_file(path, values))
        missing = values.list_unread(str(path))
        if not found:
            none = f"{path} has no charges for models; {_EXPECTED}"
            raise PayiError(describe_unread(missing[0]) if missing else none)
        unread += missing
        for line, count in found.items():
            # Two equal lines in one file are two charges. In two files they are one that was exported twice.
            repeated = min(count, known[line])
            repeats += [line] * repeated
            lines += [line] * (count - repeated)
            known[line] = max(known[line], count)
    return Bill(lines, repeats, unread)


def _read_file(path: Path, values: ValueReader) -> Iterator[BillLine]:
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error) as exc:
        raise PayiError(f"{path} can't be read: {getattr(exc, 'strerror', None) or exc}") from None
    if data.startswith(b"PAR1"):
        return _read_table(_load_parquet(path, data), path, values)
    try:
        text = _decode_text(data)
        if text.lstrip()[:1] in ("{", "["):
            return _read_documents(text, path, values)
        return _read_first_table(text, path, values)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise PayiError(f"{path} is neither JSON, CSV, nor Parquet ({exc}); {_EXPECTED}") from None


def _decode_text(data: bytes) -> str:
    """Return the text of a file, which spreadsheets also save as UTF-16."""
    is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if is_wide else "utf-8-sig")


def _load_parquet(path: Path, data: bytes) -> Table:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise PayiError(f"{path}: {_PARQUET}") from None
    try:
        table: Table = parquet.read_table(io.BytesIO(data)).to_pylist()
    # Depending on what is damaged: the file, a page of it, a text, a time.
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as exc:
        raise PayiError(f"{path} isn't a valid Parquet file: {' '.join(str(exc).split())}") from None
    return table


def _read_first_table(text: str, path: Path, values: ValueReader) -> Iterator[BillLine]:
    """Read a table whose heading may stand below lines of other things, such as the number of an invoice."""
    found = find_table(text, _find_reader)
    if found is None:
        raise PayiError(f"{path} is not a bill that can be read; {_EXPECTED}")
    read, table = found
    return read(make_plain(table), values)


def _read_table(table: Table, path: Path, values: ValueReader) -> Iterator[BillLine]:
    reader = _find_reader(table)
    if reader is None:
        raise PayiError(f"{path} is not a bill that can be read; {_EXPECTED}")
    return reader(make_plain(table), values)


def _find_reader(table: Table) -> Callable[[Table, ValueReader], Iterator[BillLine]] | None:
    return next((read for matches, read in _TABLES if matches(table)), None)


def _read_documents(text: str, path: Path, values: ValueReader) -> Iterator[BillLine]:
    """Read one JSON document, several pages in an array, or one page or one row of a table a line."""
    try:
        documents = _decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise PayiError(f"{path} isn't valid JSON; {_EXPECTED}") from None
    rows: list[Any] = []
    for document in documents:
        reader = next((read for matches, read in _DOCUMENTS if matches(document)), None)
        if reader is not None:
            yield from reader(document, values)
        elif isinstance(document, dict):
            rows.append(document)
    read = _find_reader(rows)
    if read is not None:
        yield from read(make_plain(rows), values)


def _decode(text: str) -> list[Any]:
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return [msgspec.json.decode(line) for line in text.splitlines() if line.strip()]
    if not isinstance(found, list):
        return [found]
    names = {name for item in found if isinstance(item, dict) for name in item}
    # Or somebody kept the buckets of all pages, without the pages.
    return [{"data": found}] if names & {"start_time", "starting_at"} else found
