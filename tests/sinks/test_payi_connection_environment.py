"""Why Pay-i could not be reached: what of the environment may be to blame is named, and nothing else."""

from __future__ import annotations

import sys

import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks.payi import PayiSink
from tests.sinks.events import event


def describe_failure(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str) -> str:
    for name in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    sink = PayiSink(PayiAccount(url, "payi-key"))
    receipt = sink.deliver([event(1)])
    sink.close()
    # It was certainly not sent.
    assert (list(receipt.retry), list(receipt.uncertain)) == ([0], [])
    return str(receipt.problem).removeprefix("Could not reach Pay-i (").removesuffix(")")


PROXY = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("environment", "url", "told"),
    [
        ({}, PROXY, ""),
        ({"NO_PROXY": "intranet"}, PROXY, ""),
        ({"http_proxy": PROXY}, "http://payi.test", f"; the environment has the proxy http_proxy={PROXY}"),
        (
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "intranet"},
            "https://payi.test",
            f"; the environment has the proxy HTTPS_PROXY={PROXY}",
        ),
        # It was not a connection that failed.
        ({"HTTP_PROXY": PROXY}, "nowhere", ""),
    ],
)
def test_a_failure_names_the_proxies_that_may_have_caused_it(
    environment: dict[str, str], url: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = describe_failure(monkeypatch, environment, url)
    assert problem.partition("; the environment")[2] == told.partition("; the environment")[2]


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"ALL_PROXY": "ftp://p", "NO_PROXY": "intranet"}, "ALL_PROXY=ftp://p, NO_PROXY=intranet"),
        (
            {"SSL_CERT_FILE": "/nowhere/a.pem", "SSL_CERT_DIR": "/nowhere", "HTTP_PROXY": PROXY},
            "SSL_CERT_FILE=/nowhere/a.pem, SSL_CERT_DIR=/nowhere",
        ),
    ],
)
def test_an_environment_that_cannot_be_used_is_named_by_what_may_be_wrong(
    environment: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = describe_failure(monkeypatch, environment, "https://payi.test")
    assert problem.endswith(f": the environment has {named}, which httpx cannot use")


def test_a_proxy_that_needs_a_package_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    problem = describe_failure(monkeypatch, {"ALL_PROXY": "socks5://p:1"}, "https://payi.test")
    advice = "ALL_PROXY=socks5://p:1, which httpx cannot use; pip install 'httpx[socks]'"
    assert problem == f"ImportError: the environment has {advice}"
