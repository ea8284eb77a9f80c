"""Regular expressions that are compiled when they are first used.

There are some two hundred, which would take a quarter of the time that the package needs to be imported, and
most processes use a tenth of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, AnyStr, cast

from payi_transport.compat import HAS_POSSESSIVE, spell_without_possessive

__all__ = ["compile_later", "compile_possessive"]


class _LaterPattern:
    """Stands for a compiled pattern. Each attribute is looked up there once, and is its own then."""

    def __init__(self, compile_now: Callable[[], Any]) -> None:
        self._compile_now = compile_now

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._compile_now(), name)
        setattr(self, name, found)
        return found


def compile_later(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what can be used like `re.compile(pattern, flags)`."""
    # `re` remembers patterns, so a second method doesn't compile again.
    return cast("re.Pattern[AnyStr]", _LaterPattern(lambda: re.compile(pattern, flags)))


def compile_possessive(pattern: bytes, flags: int = 0) -> re.Pattern[bytes]:
    """Do the same for a pattern with possessive quantifiers (`*+`, `++`): `re` has them since 3.11."""
    if HAS_POSSESSIVE:
        return compile_later(pattern, flags)
    later = _LaterPattern(lambda: re.compile(spell_without_possessive(pattern), flags))
    return cast("re.Pattern[bytes]", later)
