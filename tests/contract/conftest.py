"""What several of the contract tests run against beside a provider."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from tests.contract.results import ACCEPTED
from tests.support.origin import Origin, serve


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What a server waits for that has no more to say."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def payi(monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    """Pay-i, on loopback, as the environment says."""
    with serve() as running:
        running.responses = [ACCEPTED]
        monkeypatch.setenv("PAYI_API_KEY", "payi-key")
        monkeypatch.setenv("PAYI_BASE_URL", running.url)
        yield running


@pytest.fixture(scope="package", autouse=True)
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let clients load one certificate authority, not all: that takes longer than the rest of a test.

    No test connects by TLS. Google's SDK loads its authorities three times a client, the others once.
    """
    end = "-----END CERTIFICATE-----\n"
    first = Path(certifi.where()).read_text().partition(end)[0]
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text(first + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield
