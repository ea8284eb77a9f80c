"""Start every test without instrumentation and without this library's environment variables."""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import certifi
import pytest
from hypothesis import settings

from payi_transport import MemorySink, payi_uninstrument
from tests.support.origin import Origin, serve
from tests.support.payi_rules import PayiRules
from tests.support.programs import TAKEN
from tests.support.served import ServedRules, serve_rules
from tests.support.slow import mark_tests

# On a busy machine, how long an example took says nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
# While you work, a few examples do; CI runs them all.
settings.register_profile("quick", settings.get_profile("patient"), max_examples=20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return the number of processes for `-n auto`: tests wait for half of their time."""
    return (os.cpu_count() or 1) * 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let a process that has no tests left take some of another's: the longest tests are among the last."""
    # Imported here, since runs in one process may be without xdist.
    from xdist.scheduler import WorkStealingScheduling  # type: ignore[import-untyped]

    return WorkStealingScheduling(config, log)


def pytest_configure(config: pytest.Config) -> None:
    if "not slow" in config.option.markexpr:
        settings.load_profile("quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_tests(items)


def pytest_collection() -> None:
    # It would walk a heap again and again that only grows meanwhile.
    gc.disable()


def pytest_collection_finish() -> None:
    _freeze_heap()
    gc.enable()


_frozen_modules = 0


def _freeze_heap() -> None:
    """Keep the garbage collector from walking what stays anyway: all SDKs and some 26,000 test items.

    Many tests collect garbage to see that nothing is left, or look for objects in the heap. With the heap
    frozen, that costs no more than the objects of their own.
    """
    global _frozen_modules
    gc.collect()
    gc.freeze()
    _frozen_modules = len(sys.modules)


# Of OpenSSL and httpx, of requests, and of botocore.
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")


@pytest.fixture(scope="session", autouse=True)
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str | None]]:
    """Let clients load one certificate authority, not all: that takes longer than the rest of most tests.

    Nothing is reached by TLS but servers of tests, which name their own authority. The value is what the
    environment says otherwise.
    """
    end = "-----END CERTIFICATE-----\n"
    first = Path(certifi.where()).read_text().partition(end)[0]
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text(first + end)
    before = {name: os.environ.get(name) for name in _AUTHORITIES}
    with pytest.MonkeyPatch.context() as patch:
        for name in _AUTHORITIES:
            patch.setenv(name, str(file))
        patch.delenv("SSL_CERT_DIR")
        yield before


@pytest.fixture
def every_authority(few_authorities: dict[str, str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test install packages, for which it has to trust whoever the machine does."""
    for name, value in few_authorities.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)


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
        # Commands that print to no terminal are as wide as their rows, unless this says otherwise.
        "COLUMNS",
    ):
        monkeypatch.delenv(name, raising=False)
    yield
    payi_uninstrument()
    # What this test was the first to import stays as well.
    if len(sys.modules) != _frozen_modules:
        _freeze_heap()


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serve() as running:
        yield running


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections: taken, so that no other process gets it, but not listened on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def ingest(origin: Origin) -> Origin:
    """Pay-i on loopback, which accepts every event."""
    origin.responses = [TAKEN]
    return origin


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bool], ServedRules]]:
    """Local services in the place of Pay-i, a strict one and another, started when they are asked for."""
    started: dict[bool, ServedRules] = {}
    with ExitStack() as stack:

        def find(strict: bool) -> ServedRules:
            pytest.importorskip("fastapi", reason="the extra serve is not installed")
            if strict not in started:
                folder = tmp_path_factory.mktemp("served")
                started[strict] = stack.enter_context(serve_rules(folder, strict=strict))
            started[strict].reset()
            return started[strict]

        yield find


@pytest.fixture(params=["rules", "service", "strict service"])
def pay_i(request: pytest.FixtureRequest, services: Callable[[bool], ServedRules]) -> PayiRules | ServedRules:
    """Pay-i's rules as the tests have them, and the local service in both modes, with nothing stored."""
    if request.param == "rules":
        return PayiRules()
    return services(request.param == "strict service")


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every file system one without locks, as some network file systems are."""

    def deny(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", deny)
