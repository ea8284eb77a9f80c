"""What Pay-i accepts in names and numbers, and the nearest form that it accepts.

Source: Pay-i's error reference and guides. Pay-i may be more generous than they say, so events are sent as
they are first. The valid form is for what it has refused, and the rule is for warnings before that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from payi_transport.values.patterns import lazy_compile

__all__ = ["LARGEST_INTEGER", "NAME_RULES", "NameRule"]

# Pay-i's integers have 32 bits.
LARGEST_INTEGER: Final = 2**31 - 1


class NameRule(msgspec.Struct, frozen=True):
    """Which names a field may hold. `text` completes the sentence "Pay-i accepts ... here"."""

    text: str
    accepted: re.Pattern[str]
    invalid: re.Pattern[str]
    replacement: str
    longest: int | None = None

    def accepts(self, name: str) -> bool:
        """Return whether Pay-i's rules allow a name."""
        return self.accepted.fullmatch(name) is not None

    def correct(self, name: str) -> str:
        """Return the valid form of a name that is not empty."""
        return self.invalid.sub(self.replacement, name)[: self.longest]


NAME_RULES: Mapping[str, NameRule] = {
    "use_case_name": NameRule(
        "letters, digits, '.', '-' and '_', 64 characters at most,",
        lazy_compile(r"[A-Za-z0-9._-]{1,64}"),
        lazy_compile(r"[^A-Za-z0-9._-]"),
        "-",
        64,
    ),
    # The rule for tags states no length. A tag that is refused all the same is cut.
    "request_tags": NameRule(
        "letters, digits, '-' and '_'",
        lazy_compile(r"[A-Za-z0-9_-]+"),
        lazy_compile(r"[^A-Za-z0-9_-]"),
        "-",
        64,
    ),
    "user_id": NameRule("text without spaces", lazy_compile(r"\S+"), lazy_compile(r"\s"), "_"),
}
