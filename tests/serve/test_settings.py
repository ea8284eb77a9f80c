"""Which settings a service refuses to run with, and what it does without any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payi_transport.errors import PayiError
from payi_transport.serve.settings import DEFAULT_PORT, ServeSettings, is_loopback


def make(**settings: Any) -> ServeSettings:
    return ServeSettings(file=Path("s"), **settings)


def refusal_of(**settings: Any) -> str:
    with pytest.raises(PayiError) as raised:
        make(**settings).check()
    return str(raised.value)


def test_without_any_it_is_for_this_machine_and_keeps_everything() -> None:
    usual = make()
    assert (usual.host, usual.port, DEFAULT_PORT) == ("127.0.0.1", 8383, 8383)
    assert (usual.token, usual.hosts, usual.strict, usual.prices) == (None, (), False, None)
    assert (usual.keep_days, usual.keep_content_days) == (None, None)
    assert usual.max_body == 64 * 1024 * 1024
    assert (usual.mappings, usual.upstreams) == ({}, {})
    usual.check()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((host, True) for host in ("localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.9.9")),
        *((host, True) for host in ("::1", "[::1]")),
        *((host, False) for host in ("0.0.0.0", "::", "10.0.0.1", "payi.lan", "localhost.evil.org", "")),  # noqa: S104
    ],
)
def test_a_host_that_others_can_reach_needs_a_token(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
    make(host=host, token="t").check()
    if expected:
        make(host=host).check()
        return
    for token in (None, ""):
        assert refusal_of(host=host, token=token) == (
            f"--host {host} can be reached from other machines, so it needs --token: choose a long one, and"
            " use it as PAYI_API_KEY"
        )


@pytest.mark.parametrize("name", ["payi.lan", "payi", "PAYI_1.a-b.lan", "10.0.0.1"])
def test_a_name_as_browsers_send_it_may_be_allowed(name: str) -> None:
    make(hosts=(name,)).check()


@pytest.mark.parametrize("name", ["", "http://x", "x:8383", "x/", "*.lan", "a..b", ".a", "a.", "::1", "a b"])
def test_any_other_name_is_refused_among_others_too(name: str) -> None:
    assert refusal_of(hosts=("payi.lan", name)) == (
        "--allow-host: expected a name such as payi.lan, without a scheme, a port, or a path, got"
        f" {name!r}; addresses need no --allow-host"
    )


@pytest.mark.parametrize("days", [(None, None), (90, None), (None, 90), (90, 3), (90, 90)])
def test_content_may_go_before_its_calls_or_with_them(days: tuple[float | None, float | None]) -> None:
    make(keep_days=days[0], keep_content_days=days[1]).check()


def test_content_cannot_stay_without_its_calls() -> None:
    assert refusal_of(keep_days=3.0, keep_content_days=3.5) == (
        "--keep-content 3.5d is longer than --keep 3d: the content of a call goes with the call"
    )


@pytest.mark.parametrize(
    "base",
    ["https://h", "http://h:8080", "https://h/path/", "HTTPS://h", "http://[::1]:1", "http://127.0.0.1"],
)
def test_an_upstream_is_an_address_of_http(base: str) -> None:
    make(upstreams={"openai": base, "anthropic": base}).check()


@pytest.mark.parametrize(
    ("base", "shown"),
    [
        *((text, text) for text in ("h", "//h", "ftp://h", "ws://h", "https://", "https://*.h")),
        *((text, text) for text in ("https://[", "https://h:x", "https://h h", "https://h#x")),
        # Credentials are not shown.
        *((f"https://{text}", "https://h") for text in ("u@h", ":p@h", "h?k=1")),
    ],
)
def test_any_other_upstream_is_refused_in_words(base: str, shown: str) -> None:
    assert refusal_of(upstreams={"openai": base}) == (
        "--upstream openai: expected an address such as https://gateway.example.org, without credentials or a"
        f" query, got {shown!r}"
    )


def test_an_upstream_is_of_a_provider_that_the_proxy_knows() -> None:
    message = refusal_of(upstreams={"openai": "https://h", "opnai": "https://h"})
    assert message.startswith("--upstream opnai: expected one of anthropic, ")
    assert message.endswith(", got 'opnai'")
