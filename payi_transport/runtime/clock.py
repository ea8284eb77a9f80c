"""The clocks of the time module, which go on while a test has stopped them.

freezegun replaces each of the time module's functions wherever a module has it by name. A deadline would
never be reached then: a flush would wait forever for a Pay-i that is away, and so would the end of the
process. It finds the functions by their identity, so the ones here are others that do the same.
"""

from __future__ import annotations

import datetime
import sys
import time as _time
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

__all__ = ["monotonic", "perf_counter", "time", "time_ns", "to_utc"]


def _find(name: str, module: ModuleType = _time) -> Any:
    # Time may be stopped right now, by a module of freezegun that keeps the real functions.
    freezer = sys.modules.get("freezegun.api")
    return getattr(freezer, f"real_{name}", None) or getattr(module, name)


monotonic: Callable[[], float] = partial(_find("monotonic"))
perf_counter: Callable[[], float] = partial(_find("perf_counter"))
time: Callable[[], float] = partial(_find("time"))
time_ns: Callable[[], int] = partial(_find("time_ns"))
# A time in UTC from seconds since 1970. freezegun's own class of times can't be encoded as JSON.
to_utc: Callable[[float], datetime.datetime] = partial(
    _find("datetime", datetime).fromtimestamp, tz=datetime.timezone.utc
)
