"""Several usages of one response, put together into the fullest.

A stream may report its usage more than once. Counts are cumulative, so the last usage is the whole one, or at
Anthropic the last value of each count. Some servers end a stream with zeros, or with nulls, and those
contradict what they reported before. A count can't fall to 0, except where a part of the prompt turns out to
be in the cache, whose counts are beside the input at Anthropic and AWS. So a 0 replaces a count of the prompt
only where the cache has grown by about as much.

A count that the last usage leaves out is a 0, as Google writes them, or unknown. Only Anthropic's events
repeat some counts and not others. So `fuller_usage` takes no single count from an earlier usage, and
`merge_usage`, which is for those events, does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.providers.shared.counts import count

__all__ = ["fuller_usage", "merge_usage"]

_CACHES = (
    *("cache_read_input_tokens", "cache_creation_input_tokens"),
    *("cacheReadInputTokens", "cacheWriteInputTokens"),
)
_PROMPT = frozenset({"input_tokens", "prompt_tokens", "inputTokens", *_CACHES})
# The lifetimes of what was written, which are in an object at Anthropic and in a list at AWS.
_CACHE_LIFETIMES = "cache_creation"
_LIFETIMES = {"cache_creation_input_tokens": _CACHE_LIFETIMES, "cacheWriteInputTokens": "cacheDetails"}
_SUM = "total_tokens"
_SUMS = (_SUM, "totalTokenCount", "totalTokens")
# A usage has details of details, and no more. One that nests deeper than the stack allows is still counted.
_DEEPEST = 10
_SUMMED = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens")


def fuller_usage(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return the later usage. Where it has no counts, or contradicts the earlier one, both are merged."""
    # Most responses report one usage, once or with each chunk.
    if not earlier or later == earlier:
        return dict(later)
    has_counts = any(count(later, name) for name in later)
    if any((count(later, name) or 0) < (count(earlier, name) or 0) for name in _SUMS if name in later):
        # Google leaves out zeros. A sum that falls is the only sign of one that takes back a count.
        return merge_usage(earlier, {name: value for name, value in later.items() if name not in _SUMS})
    return dict(later) if has_counts and not _contradicts(earlier, later) else merge_usage(earlier, later)


def merge_usage(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return the last value of each field. Nulls say nothing, nor do zeros that nothing explains."""
    if not earlier:
        return {name: value for name, value in later.items() if value is not None}
    merged = _merge(earlier, later, _PROMPT if _is_explained(earlier, later) else frozenset())
    # A sum that was not repeated is that of the earlier counts.
    if (
        _SUM in earlier
        and not count(later, _SUM)
        and any(merged.get(name) != earlier.get(name) for name in _SUMMED)
    ):
        merged.pop(_SUM, None)
    # The lifetimes of tokens that turn out not to be written may not be repeated, either.
    for written, lifetimes in _LIFETIMES.items():
        if earlier.get(written) and not merged[written] and not later.get(lifetimes):
            merged.pop(lifetimes, None)
    return merged


def _merge(
    earlier: Mapping[str, Any],
    later: Mapping[str, Any],
    may_be_zero: frozenset[str],
    deepest: int = _DEEPEST,
) -> dict[str, Any]:
    merged = dict(earlier)
    for name, value in later.items():
        known = earlier.get(name)
        if deepest and isinstance(value, dict) and isinstance(known, dict):
            below = frozenset(known) if may_be_zero and name == _CACHE_LIFETIMES else frozenset()
            merged[name] = _merge(known, value, below, deepest - 1)
        elif value or (value is not None and (not known or name in may_be_zero)):
            merged[name] = value
    return merged


def _contradicts(earlier: Mapping[str, Any], later: Mapping[str, Any], deepest: int = _DEEPEST) -> bool:
    """Whether the later usage takes back a count of the earlier one."""
    return any(
        _contradicts(known, value, deepest - 1)
        if isinstance(known := earlier.get(name), dict) and isinstance(value, dict) and deepest
        else not value and bool(known)
        for name, value in later.items()
    )


def _is_explained(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    """Whether tokens that are gone from the prompt are in the cache now. Estimates differ by a few tokens."""
    # Looking for zeros first is faster, and most usages have none of these.
    zeros = [name for name in _PROMPT if later.get(name) == 0]
    gone = sum(count(earlier, name) or 0 for name in zeros)
    if not gone:
        return False
    grown = sum(max(0, (count(later, name) or 0) - (count(earlier, name) or 0)) for name in _CACHES)
    return gone <= 2 * grown
