"""Regular expressions that are compiled when they are first used.

Compiling all two hundred took a fifth of the time of importing the package, and most processes use a tenth of
them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, AnyStr, cast

from payi_transport.compat import HAS_POSSESSIVE, spell_without_possessive

__all__ = ["compile_possessive", "lazy_compile"]


class _LazyPattern:
    """A stand-in for a compiled pattern, which looks up each of its attributes once and keeps it."""

    def __init__(self, compile_now: Callable[[], Any]) -> None:
        self._compile_now = compile_now

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._compile_now(), name)
        setattr(self, name, found)
        return found


def lazy_compile(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what can be used like `re.compile(pattern, flags)`."""
    # `re` remembers patterns, so a second method doesn't compile again.
    return cast("re.Pattern[AnyStr]", _LazyPattern(lambda: re.compile(pattern, flags)))


def compile_possessive(pattern: bytes, flags: int = 0) -> re.Pattern[bytes]:
    """Do the same for possessive quantifiers (`*+`, `++`), which `re` has from Python 3.11 on."""
    if HAS_POSSESSIVE:
        return lazy_compile(pattern, flags)
    later = _LazyPattern(lambda: re.compile(spell_without_possessive(pattern), flags))
    return cast("re.Pattern[bytes]", later)
