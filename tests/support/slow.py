"""Mark the tests that are slow: `pytest -m "not slow"` is the run for while you work.

Slow are the tests that start processes or servers of their own, and most cases of the large matrices: a test
that runs for each recorded body with each client keeps one case in a few, so that every client and every body
gets its turn among the quick ones.

`interpreter` marks the tests of what depends on the version of Python: forks, exits, threads, hooks. CI runs
these with every version, slow or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

__all__ = ["INTERPRETER", "MATRICES", "PROCESSES", "ROOT", "mark_tests"]

ROOT = Path(__file__).parents[2]

# Files and tests that take their time in processes of their own.
PROCESSES = (
    "tests/api/test_default_use_case.py",
    "tests/api/test_instrument_signals.py",
    "tests/autostart/test_sitecustomize.py",
    "tests/client/test_payi_documented.py",
    "tests/contrib/test_celery.py",
    "tests/contract/test_aiohttp_hooks.py::test_the_library_is_imported_by_the_program_alone",
    "tests/delivery/test_process_exit.py",
    "tests/delivery/test_process_exit_hooks.py",
    "tests/docs/test_guides.py",
    "tests/docs/test_snippets.py",
    "tests/examples/test_examples.py",
    "tests/instrumentations",
    "tests/hooks/httpx/test_client.py::test_in_a_process_of_its_own",
    "tests/mutants/test_run.py",
    "tests/serve/page/test_browser.py",
    "tests/serve/page/test_views.py",
    "tests/relay/test_relay.py",
    "tests/relay/test_relay_kills.py",
    "tests/sinks/test_nats_fleet.py",
    "tests/test_benchmark_peers.py",
    "tests/test_benchmarks.py",
    "tests/test_forks.py",
    "tests/test_gevent.py",
    "tests/test_readme.py",
    "tests/test_servers.py",
)

# Folders and files of matrices, and of how many cases of a test one is quick. Primes, so that the quick cases
# of a test don't all have the same client.
MATRICES = {
    "tests/contract": 7,
    "tests/decode": 5,
    "tests/providers": 3,
    "tests/test_hostile.py": 11,
    "tests/test_odd_bodies.py": 5,
    "tests/test_privacy.py": 11,
    "tests/wire/test_fields.py": 7,
}
INTERPRETER = (
    "tests/api/test_instrument_signals.py",
    "tests/autostart/test_sitecustomize.py",
    "tests/delivery",
    "tests/hooks",
    "tests/runtime",
    "tests/test_forks.py",
    "tests/test_gevent.py",
    "tests/test_servers.py",
)
# Tests with fewer cases are not matrices.
_MIN_CASES = 12


def mark_tests(items: Iterable[pytest.Item]) -> None:
    """Add the markers to the collected tests."""
    items = list(items)
    cases = Counter(_name_of(item) for item in items)
    seen: Counter[str] = Counter()
    for item in items:
        name = _name_of(item)
        stride = _find_stride(name) if cases[name] >= _MIN_CASES else 1
        if name.startswith(PROCESSES) or seen[name] % stride:
            item.add_marker(pytest.mark.slow)
        if name.startswith(INTERPRETER):
            item.add_marker(pytest.mark.interpreter)
        seen[name] += 1


def _name_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _find_stride(name: str) -> int:
    return next((stride for place, stride in MATRICES.items() if name.startswith(place)), 1)
