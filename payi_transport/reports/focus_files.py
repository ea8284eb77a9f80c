"""Writing FOCUS rows as CSV or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from payi_transport.errors import PayiError
from payi_transport.reports.focus import Row
from payi_transport.reports.focus_columns import SCALES, Column, FocusVersion, list_columns

__all__ = ["format_value", "write_csv", "write_parquet"]

_MISSING = "Parquet files need one more package: pip install 'payi-transport[parquet]'"
# All digits of a decimal in a Parquet file.
_PRECISION = 38


def write_csv(rows: Iterable[Row], version: FocusVersion) -> str:
    """Return the rows as CSV with a header."""
    columns = list_columns(version)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([format_value(row.get(column.name)) for column in columns])
    return text.getvalue()


def format_value(value: Any) -> str:
    """Return a value as it is in CSV."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, Decimal):
        return _format_decimal(value)
    # A spreadsheet would run a name that starts like a formula.
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else str(value)


def _format_decimal(value: Decimal) -> str:
    """Return a decimal without an exponent. It has a point, so that readers take no column for integers."""
    digits, _, fraction = f"{value:f}".partition(".")
    return f"{digits}.{fraction.rstrip('0') or '0'}"


def write_parquet(rows: Sequence[Row], version: FocusVersion, path: Path) -> None:
    """Write the rows to a Parquet file. Raises PayiError if it can't be written."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise PayiError(_MISSING) from None
    columns = list_columns(version)
    schema = pyarrow.schema(
        [pyarrow.field(column.name, _find_type(pyarrow, column), column.nullable) for column in columns]
    )
    values = {column.name: [row.get(column.name) for row in rows] for column in columns}
    try:
        parquet.write_table(pyarrow.Table.from_pydict(values, schema=schema), path)
    except OSError as exc:
        raise PayiError(f"{path} can't be written: {exc.strerror or exc}") from None
    # A UnicodeError is of a name that has no encoding, such as an option with a byte that is not UTF-8.
    except (pyarrow.ArrowException, UnicodeError) as exc:
        raise PayiError(f"{path} can't be written: {' '.join(str(exc).split())}") from None


def _find_type(pyarrow: Any, column: Column) -> Any:
    if column.type in SCALES:
        return pyarrow.decimal128(_PRECISION, SCALES[column.type])
    return pyarrow.timestamp("us", tz="UTC") if column.type == "time" else pyarrow.string()
