"""Say once for each value what Pay-i does not accept of it, and what is sent instead."""

from __future__ import annotations

__all__ = ["Notices", "show"]

# Values such as user ids are without number. After this many for one field, its other values are not named.
_MAX_NAMED = 50
# Characters of a value that are shown.
_LONGEST_SHOWN = 100


class Notices:
    """Remember which values were named, for all deliveries of a sink. Any thread may use it."""

    def __init__(self) -> None:
        self._named: dict[str, set[str]] = {}

    def add(self, to: list[str], field: str, value: str, text: str) -> None:
        """Add a message about a value to a list, unless there was one about the same value."""
        named = self._named.setdefault(field, set())
        if value in named or len(named) > _MAX_NAMED:
            return
        named.add(value)
        if len(named) > _MAX_NAMED:
            text = f"Pay-i refuses so many values of {field} that no more of them are logged"
        to.append(text)


def show(value: str) -> str:
    """Return a value as a message shows it: quoted, on one line, and not too long."""
    return repr(value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}...")
