"""Which rates of the price list a unit of ours may have, the most specific first.

The list has a rate for tokens of a direction and, below it, rates for those that were cached, of another
modality, or thought. A unit without a rate of its own is charged at that of its parent, as the list's own
arithmetic does. The estimate says so, since the parent may be ten times as expensive, or far too cheap.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from payi_transport.prices.estimates import Direction
from payi_transport.providers.shared.prompt_size import LARGE_CONTEXT

__all__ = ["Candidate", "find_candidates", "is_of_tokens"]


class Candidate(NamedTuple):
    """A rate of the price list, what its price is for, and the note that belongs to it, if any."""

    key: str
    per: int
    note: str | None = None


_MILLION = 1_000_000
# The words of the price list for our modalities.
_MODALITIES = {"text": "text", "vision": "image", "image": "image", "audio": "audio", "video": "video"}
# Everything that isn't tokens, and what its price is for.
_OTHERS = {
    "web_search_request": (("web_searches_kcount", 1000),),
    "file_search_request": (("storage_searches_kcount", 1000),),
    "rerank_search": (("rerank_searches_kcount", 1000),),
    "request": (("requests_kcount", 1000),),
    "document_page": (("input_document_kpages", 1000),),
    "annotated_document_page": (("input_annotated_document_kpages", 1000),),
    "audio_seconds": (("input_audio_hours", 3600), ("audio_hours", 3600)),
    "text_characters": (("input_mchars", _MILLION),),
    "citation": (("output_citation_mtok", _MILLION),),
}
# The list names what is written for an hour; what it doesn't name is written for five minutes.
_ACTIONS = {"read": ("read",), "write": ("write_5m", "write"), "write_1h": ("write_1h", "write")}
_LONG_WRITE = re.compile(r"write_\d+h")


@lru_cache(maxsize=1024)
def find_candidates(unit: str, direction: Direction) -> tuple[Candidate, ...]:
    """Return the rates for a unit in the order in which they are tried, none for a unit without any."""
    name = unit.removesuffix(LARGE_CONTEXT)
    if name in _OTHERS:
        return tuple(Candidate(key, per) for key, per in _OTHERS[name])
    if name == "reasoning":
        return _find_reasoning() if direction == "output" else ()
    modality, _, action = name.partition("_cache_")
    if modality not in _MODALITIES:
        return ()
    if action:
        return _find_cached(_MODALITIES[modality], action) if direction == "input" else ()
    return _find_tokens(name, _MODALITIES[name], direction)


def is_of_tokens(candidate: Candidate) -> bool:
    """Return whether a rate is for tokens, which tiers and processing change; searches cost the same."""
    return candidate.per == _MILLION


def _find_tokens(unit: str, modality: str, direction: Direction) -> tuple[Candidate, ...]:
    own = Candidate(f"{direction}_{modality}_mtok", _MILLION)
    # Text is what the rate of a direction is for.
    note = None if modality == "text" else f"{unit} at the {direction} rate"
    return own, Candidate(f"{direction}_mtok", _MILLION, note)


def _find_reasoning() -> tuple[Candidate, ...]:
    return (
        Candidate("output_text_reasoning_mtok", _MILLION),
        Candidate("output_reasoning_mtok", _MILLION),
        Candidate("output_text_mtok", _MILLION, "reasoning at the output rate"),
        Candidate("output_mtok", _MILLION, "reasoning at the output rate"),
    )


def _find_cached(modality: str, action: str) -> tuple[Candidate, ...]:
    """Return the rates of tokens read from a cache, or written to it for 5 minutes, an hour, or longer."""
    words = "cache read" if action == "read" else "cache write"
    if action not in _ACTIONS and not _LONG_WRITE.fullmatch(action):
        return ()
    found = []
    for name in _ACTIONS.get(action, (action, "write_1h", "write")):
        note = _describe_lifetime(action, name)
        found.append(Candidate(f"cache_{modality}_{name}_mtok", _MILLION, note))
        shared = note or (None if modality == "text" else f"{modality} {words} at the {words} rate")
        found.append(Candidate(f"cache_{name}_mtok", _MILLION, shared))
    found.append(Candidate(f"input_{modality}_mtok", _MILLION, f"{words} at the input rate"))
    found.append(Candidate("input_mtok", _MILLION, f"{words} at the input rate"))
    return tuple(found)


def _describe_lifetime(action: str, rate: str) -> str | None:
    """Return the note of a write whose rate is that of a shorter lifetime."""
    lifetime, other = (name.removeprefix("write").strip("_") for name in (action, rate))
    if not lifetime or lifetime == other:
        return None
    hours = "an hour" if lifetime == "1h" else f"{lifetime.removesuffix('h')} hours"
    return f"cache write of {hours} at the rate of {'an hour' if other else 'five minutes'}"
