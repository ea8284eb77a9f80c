"""The clients: their options, their copies, and closing them."""

from __future__ import annotations

import ssl
from typing import Any

import anyio
import httpx
import httpx2
import pytest

from payi_transport import AsyncPayi, Payi, PayiConfigError, PayiError, Timeout
from payi_transport.client.api_resources import APIResources
from payi_transport.errors import APIResponseValidationError, APIStatusError
from tests.support.origin import CannedResponse, Origin

KINDS = [Payi, AsyncPayi]
CONTEXT = ssl.create_default_context()


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_can_be_configured_by_the_environment_alone(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", "https://payi.example.org/")
    client = kind()
    assert (client.api_key, client.base_url) == ("payi-key", httpx.URL("https://payi.example.org"))
    assert (client.timeout, client.max_retries) == (Timeout(60.0, connect=5.0), 2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_without_an_api_key_raises(kind: Any) -> None:
    with pytest.raises(PayiError, match="PAYI_API_KEY"):
        kind()


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_client_inherits_the_timeout_of_its_http_client(library: Any) -> None:
    with Payi(api_key="k", http_client=library.Client(verify=CONTEXT, timeout=7)) as client:
        assert client.timeout == library.Timeout(7)
        assert client.with_options(timeout=None).timeout is None


def test_a_copy_changes_only_the_options_passed_to_it(origin: Origin) -> None:
    origin.responses = [CannedResponse([b'{"request_id":"r1"}'])]
    with Payi(
        api_key="k",
        base_url=origin.url,
        default_headers={"a": "1", "b": "1"},
        default_query={"q": 1},
        max_retries=3,
    ) as client:
        for copy in (
            client.copy(),
            client.with_options(
                default_headers={"b": "2"}, default_query={"r": 2}, api_key="other", max_retries=0
            ),
            client.copy(set_default_headers={"b": "3"}, set_default_query={}),
        ):
            copy.limits.delete("L1")
            assert type(copy) is Payi
        assert client.copy(default_headers={"b": "4"}).default_headers == {"a": "1", "b": "4"}
        assert client.copy(default_query={"r": 3}).default_query == {"q": 1, "r": 3}
        assert client.copy(base_url="https://x.org").base_url == httpx.URL("https://x.org")
        assert (client.copy(max_retries=0).max_retries, client.copy().max_retries) == (0, 3)
        assert client.copy(timeout=9).copy().timeout == 9
    sent = [(*map(r.headers.get, ("a", "b", "xproxy-api-key")), r.path) for r in origin.received]
    assert sent == [
        ("1", "1", "k", "/api/v1/limits/L1?q=1"),
        ("1", "2", "other", "/api/v1/limits/L1?q=1&r=2"),
        (None, "3", "k", "/api/v1/limits/L1"),
    ]


@pytest.mark.parametrize("name", ["default_headers", "default_query"])
def test_extending_and_replacing_a_default_at_once_raises(name: str) -> None:
    both: dict[str, Any] = {name: {}, f"set_{name}": {}}
    with Payi(api_key="k") as client:
        with pytest.raises(ValueError, match=f"{name} and set_{name} are mutually exclusive"):
            client.copy(**both)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name", ["default_headers", "default_query", "set_default_headers", "set_default_query"]
)
def test_what_a_copy_is_given_has_to_be_a_dict(kind: Any, name: str) -> None:
    with pytest.raises(PayiConfigError, match=f"^{name}: expected a dict or None, got list$"):
        kind(api_key="k").copy(**{name: [("a", "b")]})


def test_a_copy_shares_the_http_client_unless_one_is_passed() -> None:
    first, second = httpx.Client(verify=CONTEXT), httpx.Client(verify=CONTEXT)
    client = Payi(api_key="k", http_client=first)
    other = client.copy(http_client=second)
    client.copy().close()
    assert (first.is_closed, second.is_closed) == (True, False)
    with other as entered:
        assert entered is other
    assert second.is_closed


def test_an_async_client_closes_its_http_client_on_exit() -> None:
    http = httpx.AsyncClient(verify=CONTEXT)

    async def main() -> None:
        async with AsyncPayi(api_key="k", http_client=http) as client:
            assert client.copy().max_retries == 2
            assert not http.is_closed

    anyio.run(main)
    assert http.is_closed


@pytest.mark.parametrize("given", [True, False], ids=["given connections", "its own connections"])
def test_is_closed_is_true_for_a_closed_client_and_its_copies(given: bool) -> None:
    http = httpx.Client(verify=CONTEXT) if given else None
    with Payi(api_key="k", http_client=http) as client:
        copy = client.copy()
        assert client.is_closed() is copy.is_closed() is False
    assert client.is_closed() is copy.is_closed() is True


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_is_closed_is_true_for_a_closed_async_client(library: Any) -> None:
    async def main() -> None:
        async with AsyncPayi(api_key="k", http_client=library.AsyncClient(verify=CONTEXT)) as client:
            assert client.is_closed() is False
        assert client.is_closed() is True

    anyio.run(main)


def test_a_strict_client_and_its_copies_check_the_type_of_every_field(origin: Origin) -> None:
    origin.responses = [CannedResponse([b'{"request_id":3}'])]
    with Payi(api_key="k", base_url=origin.url, _strict_response_validation=True) as client:
        with pytest.raises(APIResponseValidationError, match=r"\$\.request_id"):
            client.copy().limits.delete("L1")


def test_the_repr_does_not_contain_the_api_key() -> None:
    with Payi(api_key="payi-secret") as client:
        assert repr(client) == "Payi(base_url=URL('https://api.pay-i.com'))"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_a_client_consists_of_shows_the_key(kind: Any) -> None:
    client = kind(api_key="payi-secret", default_headers={"Authorization": "Bearer payi-secret"})
    surface = client.limits._surface
    parts = [client, client.limits, client.with_raw_response, surface, surface.transport, client._settings]
    assert not [part for part in parts if "payi-secret" in f"{part!r} {part}"]


def test_options_that_are_assigned_hold_for_the_resources_of_a_client_too(origin: Origin) -> None:
    origin.responses = [
        CannedResponse([b'{"request_id":"r1"}']),
        CannedResponse([b"{}"], 503),
        CannedResponse([b'{"request_id":"r1"}']),
    ]
    with Payi(api_key="first", base_url="https://x.org/base") as client:
        limits, raw, copy = client.limits, client.with_raw_response.limits, client.copy()
        client.base_url = f"{origin.url}/"
        client.api_key = "second"
        client.max_retries = 0
        client.timeout = 7
        limits.delete("L1")
        with pytest.raises(APIStatusError):
            raw.delete("L1")
        assert (client.base_url, client.api_key) == (httpx.URL(origin.url), "second")
        assert (client.max_retries, client.timeout) == (0, 7)
        assert (copy.api_key, copy.max_retries) == ("first", 2)
        assert copy.base_url == httpx.URL("https://x.org/base")
    assert [received.headers["xproxy-api-key"] for received in origin.received] == ["second", "second"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "value"),
    [("base_url", "x"), ("base_url", ""), ("api_key", 3), ("max_retries", None), ("timeout", "5")],
)
def test_an_option_that_is_assigned_is_checked(kind: Any, name: str, value: object) -> None:
    client = kind(api_key="k")
    before = getattr(client, name)
    with pytest.raises(PayiConfigError, match=f"^{name}: expected"):
        setattr(client, name, value)
    assert getattr(client, name) == before


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_key_that_is_assigned_raises(value: Any) -> None:
    with Payi(api_key="k") as client:
        with pytest.raises(PayiError, match="No Pay-i API key"):
            client.api_key = value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["with_raw_response", "with_streaming_response"])
def test_the_whole_client_has_raw_and_streaming_variants(kind: Any, name: str) -> None:
    client = kind(api_key="k")
    assert type(getattr(client, name)) is APIResources
    assert type(getattr(client, name).limits) is type(client.limits)
