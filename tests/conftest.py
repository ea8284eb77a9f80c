"""Start every test without instrumentation and without this library's environment variables."""

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

# On a busy machine, how long an example took says nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
# While you work, a few examples do; CI runs them all.
settings.register_profile("quick", settings.get_profile("patient"), max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    if "not slow" in config.option.markexpr:
        settings.load_profile("quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_tests(items)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking what stays anyway: all SDKs and some 14,000 test items.

    Many tests collect garbage to see that nothing is left. With the heap frozen, a collection costs no more
    than the objects of its own test.
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
        "OTEL_RESOURCE_ATTRIBUTES",
        "OTEL_SERVICE_NAME",
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
    """Pay-i on loopback, which accepts every event."""
    origin.responses = [TAKEN]
    return origin


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every file system one without locks, as some network file systems are."""

    def deny(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", deny)
