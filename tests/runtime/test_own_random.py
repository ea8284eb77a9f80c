"""The random numbers of a program stay what they are without this library."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import httpx

import payi_transport
from payi_transport.client.retry import choose_retry_delay
from payi_transport.config.schema import IngestRetrySettings
from payi_transport.delivery.retry import Backoff
from payi_transport.runtime.own_random import own_random
from payi_transport.sinks.protocol import Receipt


def test_pauses_are_random_and_draw_nothing_from_the_programs_generator() -> None:
    random.seed(7)
    before = random.getstate()
    backoff = Backoff(IngestRetrySettings())
    pauses: set[float | None] = set()
    for _ in range(20):
        backoff.update(Receipt(retry=[0]), 0.0, failed=True)
        pauses.add(backoff.not_before)
        pauses.add(choose_retry_delay(httpx.Response(500), 1))
    assert len(pauses) == 40
    assert random.getstate() == before


def test_numbers_do_not_depend_on_a_seed() -> None:
    draws = []
    for _ in range(2):
        random.seed(7)
        draws.append([own_random.random() for _ in range(4)])
    assert draws[0] != draws[1]


def test_no_module_uses_the_generator_of_the_program() -> None:
    used: set[str] = set()
    for source in Path(payi_transport.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.module == "random":
                used.update(alias.name for alias in node.names)
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == "random":
                used.add(node.attr)
    assert used == {"Random", "SystemRandom"}
