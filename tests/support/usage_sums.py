"""Compare the tokens of events with those that another library reads from the same bodies.

What is compared are sums: all input, all output, and what was read from and written to the cache. Each reader
has a table of the bodies where it differs, and why. A difference that is gone has to leave the table, too.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from payi_transport.framing import find_framing
from payi_transport.values.event import Units
from tests.support.exchanges import decode_case
from tests.support.wire_cases import CASES, WireCase, by_name

__all__ = [
    "MADE_UP",
    "Reader",
    "Sums",
    "cases_for",
    "check",
    "check_any_usage",
    "check_table",
    "find_usage",
    "sum_units",
]


class Sums(NamedTuple):
    """Tokens: all input, all output, and of the input those of the cache."""

    input: int
    output: int
    read: int = 0
    written: int = 0


# From the body of a response, or a message of a stream. None if it has no usage, or if the reader refuses it.
Reader = Callable[[dict[str, Any]], "Sums | None"]


def _find_bodies(case: WireCase) -> Iterator[dict[str, Any]]:
    """Yield the messages of a response from the last one on: the last usage of a stream counts."""
    messages = find_framing(case.headers["content-type"], case.response)(case.response)
    for name, data in reversed(messages):
        try:
            body = json.loads(data)
        except ValueError:
            continue
        if isinstance(body, dict):
            inner = body.get("response")
            yield inner if isinstance(inner, dict) else {"event": name, **body}


def find_usage(body: Mapping[str, Any], name: str = "usage") -> dict[str, Any] | None:
    """Return the usage of a body, None if it has none."""
    usage = body.get(name)
    return usage if isinstance(usage, dict) else None


def sum_units(units: Mapping[str, Units]) -> Sums:
    """Return the tokens that units have in all, without searches and what guardrails assess."""
    # Searches and what guardrails assess are no tokens.
    tokens = {
        name: unit for name, unit in units.items() if not name.startswith(("web_search_request", "guardrail"))
    }
    cached = {
        kind: sum(unit.input or 0 for name, unit in tokens.items() if kind in name)
        for kind in ("cache_read", "cache_write")
    }
    return Sums(
        sum(unit.input or 0 for unit in tokens.values()),
        sum(unit.output or 0 for unit in tokens.values()),
        cached["cache_read"],
        cached["cache_write"],
    )


def cases_for(readers: Mapping[str, Any]) -> list[WireCase]:
    """Return the recorded responses of the operations that are read."""
    # A stream of Anthropic's has its usage in several events, which the other readers do not put together.
    return [
        case
        for case in CASES
        if case.status == 200
        and case.operation in readers
        and not (case.operation.startswith("anthropic") and case.streams)
    ]


def read(case: WireCase, reader: Reader) -> Sums | None:
    """Return what another reader says of a response, None if it says nothing."""
    return next((sums for body in _find_bodies(case) if (sums := reader(body)) is not None), None)


def check(case: WireCase, reader: Reader, differences: Mapping[str, str]) -> None:
    """Check that the event has the sums of another reader, or that the table says why not."""
    elsewhere = read(case, reader)
    if elsewhere is None:
        assert case.name not in differences, "nothing to compare"
        return
    same = sum_units(decode_case(case).units) == elsewhere
    assert same is (case.name not in differences), (elsewhere, differences.get(case.name))


_COUNT = st.integers(0, 400_000)


@st.composite
def _chat(draw: st.DrawFn, prefix: tuple[str, str] = ("prompt", "completion")) -> dict[str, Any]:
    taken, made = prefix
    cached, fresh, reasoning, text = (draw(_COUNT) for _ in range(4))
    return {
        f"{taken}_tokens": cached + fresh,
        f"{made}_tokens": reasoning + text,
        "total_tokens": cached + fresh + reasoning + text,
        f"{taken}_tokens_details": {"cached_tokens": cached},
        f"{made}_tokens_details": {"reasoning_tokens": reasoning},
    }


@st.composite
def _anthropic(draw: st.DrawFn) -> dict[str, Any]:
    read, short, long = (draw(_COUNT) for _ in range(3))
    return {
        "input_tokens": draw(_COUNT),
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": short + long,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
        "output_tokens": draw(_COUNT),
    }


@st.composite
def _google(draw: st.DrawFn) -> dict[str, Any]:
    cached, fresh, thoughts, tools, text = (draw(_COUNT) for _ in range(5))
    return {
        "promptTokenCount": cached + fresh,
        "cachedContentTokenCount": cached,
        "candidatesTokenCount": text,
        "thoughtsTokenCount": thoughts,
        "toolUsePromptTokenCount": tools,
        "totalTokenCount": cached + fresh + thoughts + tools + text,
    }


_USAGES = {
    "openai.chat": ("openai/chat_unary", "usage", _chat()),
    "openai.responses": ("openai/responses_unary", "usage", _chat(("input", "output"))),
    "anthropic.messages": ("anthropic/message_unary", "usage", _anthropic()),
    "google.content": ("google/gemini_unary", "usageMetadata", _google()),
}


def made_up(operation: str) -> st.SearchStrategy[WireCase]:
    """Draw responses of an operation with any counts in their usage."""
    name, field, usages = _USAGES[operation]
    body = json.loads(by_name[name].response)
    return usages.map(
        lambda usage: dataclasses.replace(
            by_name[name], response=json.dumps({**body, field: usage}).encode(), name="made up"
        )
    )


# The operations whose usages are made up.
MADE_UP = ("openai.chat", "openai.responses", "anthropic.messages", "google.content")


def check_any_usage(operation: str, readers: Mapping[str, Reader]) -> None:
    """Check that the event of any usage of an operation has the sums of another reader."""

    @settings(max_examples=50)
    @given(made_up(operation))
    def compare(case: WireCase) -> None:
        assert read(case, readers[operation]) is not None
        check(case, readers[operation], {})

    compare()


def check_table(readers: Mapping[str, Reader], differences: Mapping[str, str], least: int) -> None:
    """Check that more than `least` responses are compared, and all that the table has."""
    compared = {case.name for case in cases_for(readers) if read(case, readers[case.operation])}
    assert len(compared) > least
    assert differences.keys() <= compared
