"""The headers of a call by lower-case name. A value becomes text when somebody asks for it.

A response has two dozen headers or more. An event shows a few of them, and decoding asks for a handful. What
follows from the names alone is found once, since all calls to a host bring the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import compress
from typing import Any, NamedTuple

from payi_transport.values.headers import KeptHeaders, to_columns

__all__ = ["ReadHeaders", "read_headers"]


class _Names(NamedTuple):
    """Names in lower case, and where each of them is."""

    names: tuple[str, ...]
    places: Mapping[str, int]


class ReadHeaders(Mapping[str, str]):
    """Headers by lower-case name; `names` has them in their order."""

    __slots__ = ("_places", "_values", "names")

    def __init__(self, names: _Names, values: Sequence[bytes]) -> None:
        self.names, self._places = names
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[self._places[name]].decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def get(self, name: str, default: Any = None, /) -> Any:
        """Return a value, or `default` where there is none. Most headers that are asked for are missing."""
        place = self._places.get(name)
        return default if place is None else self._values[place].decode("latin-1")

    def pick(self, flags: Iterable[bool]) -> Iterator[bytes]:
        """Return the values, as they came, of the names that are flagged; `flags` has one for each name."""
        return compress(self._values, flags)


def read_headers(headers: KeptHeaders) -> ReadHeaders:
    """Return headers by lower-case name; the values of a repeated name are joined by commas."""
    raw_names, values = to_columns(headers)
    names = _read_names(raw_names)
    # Few messages repeat a header.
    return ReadHeaders(names, values) if len(names.places) == len(values) else _join(names.names, values)


def _join(names: Sequence[str], values: Sequence[bytes]) -> ReadHeaders:
    joined: dict[str, bytes] = {}
    for name, value in zip(names, values, strict=True):
        joined[name] = b"%b, %b" % (joined[name], value) if name in joined else value
    return ReadHeaders(_place(tuple(joined)), tuple(joined.values()))


# The bound protects against a server that makes names up.
@lru_cache(maxsize=64)
def _read_names(names: tuple[bytes, ...]) -> _Names:
    return _place(tuple([name.decode("latin-1").lower() for name in names]))


def _place(names: tuple[str, ...]) -> _Names:
    return _Names(names, {name: place for place, name in enumerate(names)})
