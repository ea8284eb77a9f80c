"""What every test starts from: no instrumentation, an environment without our variables."""

from __future__ import annotations

import errno
import fcntl
import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from payi_transport import MemorySink, payi_uninstrument
from tests.support.origin import Origin, serve
from tests.support.programs import TAKEN
from tests.support.slow import mark_tests

# A busy machine takes its time; how long an example took says nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_tests(items)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking what never goes: all SDKs and some 14,000 test items.

    Many tests collect garbage to see that nothing is left behind; with the heap frozen each collection costs
    what the test made, and no more.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def clean_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (
        "PAYI_API_KEY",
        "PAYI_BASE_URL",
        "PAYI_CUSTOM_HEADERS",
        "PAYI_TRANSPORT_DISABLED",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    yield
    payi_uninstrument()


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        yield running


@pytest.fixture
def ingest(origin: Origin) -> Origin:
    """A Pay-i that takes all that it gets."""
    origin.answers = [TAKEN]
    return origin


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file system is one that knows no locks, as some of a network are."""

    def deny(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", deny)
