"""Tokens written to a prompt cache, by how long they are kept there.

Providers price a write by its lifetime, and each names the lifetimes in its own way:
`ephemeral_1h_input_tokens`, `ttl_12h_tokens`, or a row with the `ttl` `1h`. All of these state a number and
the letter of a unit, so that is what is looked for. Pay-i has a unit for writes that are kept for an hour.
All other lifetimes count as the usual one, which is five minutes at Anthropic and half an hour at OpenAI; a
property reports the longer ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.providers.shared.counts import count, take
from payi_transport.values.patterns import lazy_compile

__all__ = ["describe_lifetimes", "find_lifetimes", "split_writes"]

_LIFE = lazy_compile(r"(?:^|_)(\d{1,4})([mh])(?:_|$)")
_MINUTES = {"m": 1, "h": 60}
_HOUR = 60


def find_lifetimes(counts: Mapping[str, Any]) -> dict[int, int]:
    """Return the tokens by their lifetime in minutes; a name in `counts` states the lifetime."""
    lifetimes: dict[int, int] = {}
    for name in counts:
        lifetime = _LIFE.search(name)
        tokens = count(counts, name) if lifetime else None
        if lifetime and tokens:
            minutes = int(lifetime[1]) * _MINUTES[lifetime[2]]
            lifetimes[minutes] = lifetimes.get(minutes, 0) + tokens
    return lifetimes


def split_writes(total: int | None, lifetimes: Mapping[int, int]) -> dict[str, int]:
    """Return the input of each unit. The lifetimes are parts of the total; without one, they add up to it."""
    # A 0 beside lifetimes says nothing. Any other total is what is billed.
    total = total or sum(lifetimes.values())
    # What isn't known to be kept for an hour counts as kept for the usual time.
    taken, rest = take(total, {"text_cache_write_1h": lifetimes.get(_HOUR)})
    return {**({"text_cache_write": rest} if rest else {}), **taken}


def describe_lifetimes(lifetimes: Mapping[int, int]) -> dict[str, Any]:
    """Return the extras that report writes which are kept for longer than any unit says."""
    longer = {
        f"{minutes // _HOUR}h_tokens": tokens for minutes, tokens in lifetimes.items() if minutes > _HOUR
    }
    return {"cache_write": longer} if longer else {}
