"""What older versions of Python lack, under one name for all that this library supports."""

from __future__ import annotations

import re
import sys

if sys.version_info < (3, 11):
    from typing_extensions import NamedTuple, Required, Self, TypeVarTuple, Unpack
else:
    from typing import NamedTuple, Required, Self, TypeVarTuple, Unpack

__all__ = [
    "HAS_POSSESSIVE",
    "NamedTuple",
    "Required",
    "Self",
    "TypeVarTuple",
    "Unpack",
    "spell_without_possessive",
]

HAS_POSSESSIVE = sys.version_info >= (3, 11)

# One item of a pattern: an escape, a character class, the start of a group, or any other character.
_ITEM = re.compile(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:P<\w+>|<?[=!]|[a-z]*:))?|.", re.DOTALL)


def spell_without_possessive(pattern: bytes) -> bytes:
    """Spell `X*+` as `(?=(?P<name>X*))(?P=name)`, which matches the same.

    A lookahead is never entered again once it has matched, so neither spelling tries a shorter match. The
    groups that this adds are numbered: refer to groups by name, or to those that start before any of them.
    """
    items = _ITEM.findall(pattern)
    starts: list[int] = []  # where each open group starts
    spelled: list[bytes] = []
    atom = added = 0  # where the last atom starts; how many groups were added
    for index, item in enumerate(items):
        if item == b"+" and items[index - 1] in (b"*", b"+"):
            added += 1
            name = b"possessive_%d" % added
            spelled[atom:] = [b"(?=(?P<%b>%b))(?P=%b)" % (name, b"".join(spelled[atom:]), name)]
            continue
        if item.startswith(b"("):
            starts.append(len(spelled))
        elif item == b")":
            atom = starts.pop()
        elif item not in (b"*", b"+"):
            atom = len(spelled)
        spelled.append(item)
    return b"".join(spelled)
