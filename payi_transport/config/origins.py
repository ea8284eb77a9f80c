"""Naming the file, or the variable, that a mistake in the merged config is from.

Some mistakes show only once all sources are merged: two keys that exclude each other, or one that another one
needs. Their errors name the path of a key, and what is remembered of each key tells its source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from payi_transport.errors import PayiConfigError
from payi_transport.values.patterns import lazy_compile

__all__ = ["ARGUMENT", "name_origins"]

# The source of what the program itself passes.
ARGUMENT = "argument"
_ITEM = lazy_compile(r"\[(['\"])(.*?)\1\]")
_INDEX = lazy_compile(r"\[\d+\]")


@contextmanager
def name_origins(origins: Mapping[str, str]) -> Iterator[None]:
    """Put the sources of a key in front of an error about it. `origins` are sources by the path of a key."""
    try:
        yield
    except PayiConfigError as exc:
        text = str(exc)
        places = [place for place in _find_places(text, origins) if place != ARGUMENT]
        if not places:
            raise
        text = text.removeprefix("config.")
        if len(places) == 1:
            # The name of a variable is the path of its key already.
            text = text.removeprefix(places[0].removeprefix("PAYI_TRANSPORT_").lower().replace("__", "."))
        raise PayiConfigError(f"{' and '.join(places)}: {text.lstrip('.: ')}") from None


def _find_places(text: str, origins: Mapping[str, str]) -> list[str]:
    """Return the sources of the key that an error is about, or of the nearest table around it."""
    head, _, rest = text.removeprefix("config.").partition(": ")
    path = _INDEX.sub("", _ITEM.sub(r".\2", head))
    # The key that is wrong may be named after its section.
    for name in (f"{path}.{rest.partition(':')[0]}", path):
        found = _list_sources(name, origins)
        if found:
            return found
    return []


def _list_sources(path: str, origins: Mapping[str, str]) -> list[str]:
    leaves = {
        key: origin for key, origin in origins.items() if not any(k.startswith(f"{key}.") for k in origins)
    }
    while path:
        found = [origin for key, origin in leaves.items() if key == path or key.startswith(f"{path}.")]
        if found:
            return list(dict.fromkeys(found))
        path = path.rpartition(".")[0]
    return []
