"""Lists of calls and runs, a page at a time, and one call.

A cursor holds where the last page ended, so a page costs the same wherever it is, and calls that arrive
meanwhile move nothing.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from payi_transport.serve.amounts import to_dollars
from payi_transport.serve.faults import Refusal
from payi_transport.serve.names import name_numbers
from payi_transport.serve.narrow import narrow
from payi_transport.serve.rows import Detail, to_datetime
from payi_transport.serve.schema import MEASURES
from payi_transport.serve.selection import NAMED, Selection
from payi_transport.serve.sums import to_sums
from payi_transport.serve.views import CallDetail, CallPage, CallRow, Run, RunPage
from payi_transport.values.numbers import read_number

__all__ = ["find_call", "list_calls", "list_runs"]

_COLUMNS = (
    *("id", "at", *NAMED, "status", "errors", "latency", "first_token", "input", "output"),
    *("cost", "fraction", "unpriced", "included"),
)
_MAX = 1000
_decode = msgspec.json.Decoder(Detail).decode


def list_calls(
    connection: sqlite3.Connection,
    selection: Selection,
    times: tuple[int, int],
    cursor: str | None,
    most: int,
) -> CallPage:
    """Return calls, the latest first."""
    most = max(1, min(most, _MAX))
    at, id_ = _read_cursor(cursor) or (times[1], 0)
    source = narrow(connection, selection, times)
    # Ids by a covering index first: the rows that a filter leaves out are not looked at.
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM {source.table} WHERE {source.where} AND at >= ?"  # noqa: S608
        " AND (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT ?",
        (*source.parameters, times[0], at, id_, most + 1),
    ).fetchall()
    calls = _to_calls(connection, rows[:most])
    return CallPage(calls, _write_cursor(rows[most - 1][1], rows[most - 1][0]) if len(rows) > most else None)


def find_call(connection: sqlite3.Connection, id_: int) -> CallDetail | None:
    """Return one call, None if there is none with this id."""
    row = connection.execute(
        f"SELECT {', '.join(_COLUMNS)}, response_id, detail FROM events WHERE id = ?",  # noqa: S608
        (id_,),
    ).fetchone()
    if row is None:
        return None
    [call] = _to_calls(connection, [row[:-2]])
    content = connection.execute("SELECT request, response FROM contents WHERE event = ?", (id_,)).fetchone()
    return CallDetail(call, row[-2], _decode(row[-1]), *(content or (None, None)))


def list_runs(
    connection: sqlite3.Connection, times: tuple[int, int], *, by_cost: bool, cursor: str | None, most: int
) -> RunPage:
    """Return runs that started in a time, the latest or the most expensive first."""
    most = max(1, min(most, _MAX))
    order = "cost" if by_cost else "started"
    last = _read_cursor(cursor) or (2**62, 0)
    rows = connection.execute(
        f"SELECT run, use_case, account, started, ended, {', '.join(MEASURES)} FROM runs"  # noqa: S608
        f" WHERE started >= ? AND started < ? AND ({order}, run) < (?, ?)"
        f" ORDER BY {order} DESC, run DESC LIMIT ?",
        (*times, *last, most + 1),
    ).fetchall()
    shown = rows[:most]
    names = [name_numbers(connection, [row[index] for row in shown]) for index in range(3)]
    runs = [
        Run(run, use_case, account, to_datetime(row[3]), to_datetime(row[4]), to_sums(row[5:]))
        for run, use_case, account, row in zip(*names, shown, strict=True)
    ]
    if len(rows) <= most:
        return RunPage(runs, None)
    place = 5 + MEASURES.index("cost") if by_cost else 3
    return RunPage(runs, _write_cursor(shown[-1][place], shown[-1][0]))


def _to_calls(connection: sqlite3.Connection, rows: list[Any]) -> list[CallRow]:
    columns = {name: [row[index] for row in rows] for index, name in enumerate(_COLUMNS)}
    for name in NAMED:
        columns[name] = name_numbers(connection, columns[name])
    return [_to_call(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _to_call(row: dict[str, Any]) -> CallRow:
    cost = to_dollars(row["cost"], row["fraction"])
    status = "included" if row["included"] else "priced"
    if row["unpriced"]:
        status = "partial" if cost else "unpriced"
    shared = {
        name: row[name] for name in ("id", *NAMED, "status", "latency", "first_token", "input", "output")
    }
    return CallRow(
        **shared,
        at=to_datetime(row["at"]),
        failed=row["errors"] > 0,
        cost=None if status == "unpriced" else cost,
        price_status=status,
    )


def _write_cursor(value: int, id_: int) -> str:
    return f"{value}.{id_}"


def _read_cursor(cursor: str | None) -> tuple[int, int] | None:
    if not cursor:
        return None
    value, id_ = (read_number(part, signed=True) for part in cursor.partition(".")[::2])
    if value is None or id_ is None:
        raise Refusal("invalid_cursor", f"{cursor!r} is not a cursor of this list")
    return value, id_
