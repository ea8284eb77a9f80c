"""Numbers for texts that repeat. 0 is the number of no text at all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

__all__ = ["Names", "find_number", "name_numbers"]

# A program may make up customers without end.
_REMEMBERED = 500_000


class Names:
    """The numbers of names, remembered by the one thread that writes."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def number(self, connection: sqlite3.Connection, text: str | None) -> int:
        """Return the number of a text, which gets one if it has none yet."""
        if not text:
            return 0
        found = self._known.get(text)
        if found is None:
            found = find_number(connection, text) or _add(connection, text)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[text] = found
        return found

    def forget(self) -> None:
        """Look every name up again, after a transaction was undone or a name removed."""
        self._known.clear()


def find_number(connection: sqlite3.Connection, text: str) -> int | None:
    """Return the number of a text, None if the store has never seen it."""
    row = connection.execute("SELECT id FROM names WHERE text = ?", (text,)).fetchone()
    return None if row is None else int(row[0])


def _add(connection: sqlite3.Connection, text: str) -> int:
    return int(connection.execute("INSERT INTO names (text) VALUES (?)", (text,)).lastrowid or 0)


def name_numbers(connection: sqlite3.Connection, numbers: Iterable[int]) -> list[str]:
    """Return the texts of numbers; "" for 0, and for a name that was forgotten."""
    wanted = list(numbers)
    rows = connection.execute(
        "SELECT id, text FROM names WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(wanted),)
    )
    texts = dict(rows.fetchall())
    return [texts.get(number, "") for number in wanted]
