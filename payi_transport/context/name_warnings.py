"""Warn of names that Pay-i will refuse, where the program sets them, once for each value.

Delivery finds out what Pay-i refuses, and reports the event under another name anyway. But by then
nobody sees which code chose the name, and a report under the wrong name is easily overlooked.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Set

from payi_transport.context.header_text import to_text
from payi_transport.values.accepted import LARGEST_INTEGER, NAME_RULES, NameRule

__all__ = ["use_logger", "warn_of_names"]

_default_logger = logging.getLogger("payi.instrument")
_logger = _default_logger
# User ids are without number, so only so many values are remembered and logged.
_MAX_WARNED = 100
# A dict, because adding to it is atomic, and two threads may set the same name at once.
_warned: dict[tuple[str, str], None] = {}


def use_logger(logger: logging.Logger | None) -> None:
    """Log to `logger` from now on, None for the default, and warn of every value anew."""
    global _logger
    _logger = logger or _default_logger
    _warned.clear()


def warn_of_names(values: Mapping[str, object]) -> None:
    """Warn of each value that Pay-i will refuse, by its field. Never raises."""
    for field, value in values.items():
        rule = NAME_RULES.get(field)
        if rule is not None:
            # On the path of the caller: nearly every value is valid, or a list of valid ones.
            if not (isinstance(value, str) and rule.accepted.fullmatch(value)) and value is not None:
                _check(field, rule, value)
        elif field == "use_case_version" and isinstance(value, int) and value > LARGEST_INTEGER:
            _warn(field, str(value), f"0 to {LARGEST_INTEGER:,}", str(LARGEST_INTEGER))


def _check(field: str, rule: NameRule, value: object) -> None:
    names = value if isinstance(value, list | tuple | Set) else (value,)
    for name in map(to_text, names):
        # An empty value clears the field.
        if name and not rule.accepts(name):
            _warn(field, name, rule.text, rule.correct(name))


def _warn(field: str, name: str, accepted: str, form: str) -> None:
    if (field, name) in _warned or len(_warned) >= _MAX_WARNED:
        return
    _warned[field, name] = None
    # A handler or filter of the user's may raise.
    with contextlib.suppress(Exception):
        _logger.warning(
            "payi_transport: the %s %.100r will be refused by Pay-i (accepted: %s); events are then"
            " reported with %r",
            field,
            name,
            accepted,
            form,
        )
