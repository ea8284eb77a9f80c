"""Recorded bodies, mutated: every event can be encoded, traced, and priced, and nothing raises.

The long run, of 200,000 bodies: `PAYI_FUZZ_BODIES=200000 python -m pytest tests/test_mutated_bodies.py`.
"""

from __future__ import annotations

import dataclasses
import os
import random
import re
from collections.abc import Callable

import msgspec
import pytest

from payi_transport import Event
from payi_transport.decode.decode import decode
from payi_transport.prices import estimate
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import CASES, WireCase

BODIES = int(os.environ.get("PAYI_FUZZ_BODIES", "2000"))
_VALUE = re.compile(rb'(?<=[:\[,])\s*(?:"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null)')
_NAME = re.compile(rb'"\w+"\s*(?=:)')
VALUES = (
    *(b"null", b"true", b"[]", b"{}", b'""', b"-1", b"0", b"1e999", b"NaN", b"1.5", b"9" * 400, b'"\\ud800"'),
    *(
        b"2147483648",
        b"-9223372036854775809",
        b'"\xff"',
        b'"7"',
        b"[[[[{}]]]]",
        b'{"a":' * 50,
        b'"' + b"x" * 9999,
    ),
)


def _replace_value(body: bytes, chance: random.Random) -> bytes:
    found = list(_VALUE.finditer(body))
    if not found:
        return body
    match = chance.choice(found)
    return body[: match.start()] + chance.choice(VALUES) + body[match.end() :]


def _swap_names(body: bytes, chance: random.Random) -> bytes:
    names = [match[0] for match in _NAME.finditer(body)]
    return body.replace(chance.choice(names), chance.choice(names)) if names else body


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _repeat(body: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    return body[:end] + body[start:]


def _flip(body: bytes, chance: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(min(len(body), chance.choice((1, 1, 8, 64)))):
        changed[chance.randrange(len(changed))] = chance.choice(
            b'\x00\x7f\xff"{}[],:\\\n\r 9'
        ) or chance.randrange(256)
    return bytes(changed)


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_replace_value, _replace_value, _replace_value, _swap_names, _cut, _repeat, _flip),
)


def _mutate(body: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 4))):
        body = chance.choice(MUTATIONS)(body, chance)
    return body


def _split(body: bytes, chance: random.Random) -> list[bytes]:
    cut = chance.randrange(len(body) + 1)
    return [part for part in (body[:cut], body[cut:]) if part]


def check(case: WireCase, chance: random.Random) -> Event | None:
    """Decode one mutation of a recording, and do with its event what sinks do."""
    body = _mutate(case.response, chance)
    request = _mutate(case.request, chance) if chance.random() < 0.3 else case.request
    status = chance.choice((case.status, case.status, case.status, 200, 429, 500))
    mutated = dataclasses.replace(case, response=body, request=request, status=status)
    exchange = make_exchange(mutated, _split(body, chance))
    event = decode(exchange)
    if not isinstance(event, Event):
        return None
    assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event
    estimate(event)
    return event


@pytest.mark.parametrize("part", range(10))
def test_no_mutation_of_a_recording_raises(part: int) -> None:
    chance = random.Random(f"{BODIES} {part}")
    events = [check(chance.choice(CASES), chance) is not None for _ in range(BODIES // 10)]
    # Only responses of background work that goes on make no event.
    assert sum(events) > 0.9 * len(events)
