"""The clients themselves: their options, their copies, their ends."""

from __future__ import annotations

import ssl
from typing import Any

import anyio
import httpx
import httpx2
import pytest

from payi_transport import AsyncPayi, Payi, PayiError, Timeout
from payi_transport.client.api_resources import APIResources
from payi_transport.errors import APIResponseValidationError
from tests.origin import CannedResponse, Origin

KINDS = [Payi, AsyncPayi]
CONTEXT = ssl.create_default_context()


@pytest.mark.parametrize("kind", KINDS)
def test_the_environment_is_enough(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    monkeypatch.setenv("PAYI_BASE_URL", "https://payi.example.org/")
    client = kind()
    assert (client.api_key, client.base_url) == ("payi-key", httpx.URL("https://payi.example.org"))
    assert (client.timeout, client.max_retries) == (Timeout(60.0, connect=5.0), 2)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_key_there_is_no_client(kind: Any) -> None:
    with pytest.raises(PayiError, match="PAYI_API_KEY"):
        kind()


@pytest.mark.parametrize("family", [httpx, httpx2])
def test_an_http_client_brings_its_timeout(family: Any) -> None:
    with Payi(api_key="k", http_client=family.Client(verify=CONTEXT, timeout=7)) as client:
        assert client.timeout == family.Timeout(7)
        assert client.with_options(timeout=None).timeout is None


def test_a_copy_changes_what_it_is_told_to(origin: Origin) -> None:
    origin.answers = [CannedResponse([b'{"request_id":"r1"}'])]
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
    sent = [(*map(r.headers.get, ("a", "b", "xproxy-api-key")), r.path) for r in origin.received]
    assert sent == [
        ("1", "1", "k", "/api/v1/limits/L1?q=1"),
        ("1", "2", "other", "/api/v1/limits/L1?q=1&r=2"),
        (None, "3", "k", "/api/v1/limits/L1"),
    ]


@pytest.mark.parametrize("name", ["default_headers", "default_query"])
def test_adding_and_replacing_at_once_is_an_error(name: str) -> None:
    both: dict[str, Any] = {name: {}, f"set_{name}": {}}
    with Payi(api_key="k") as client:
        with pytest.raises(ValueError, match=f"{name} and set_{name} can't both be given"):
            client.copy(**both)


def test_a_copy_shares_the_connections_unless_it_gets_its_own() -> None:
    first, second = httpx.Client(verify=CONTEXT), httpx.Client(verify=CONTEXT)
    client = Payi(api_key="k", http_client=first)
    other = client.copy(http_client=second)
    client.copy().close()
    assert (first.is_closed, second.is_closed) == (True, False)
    with other as entered:
        assert entered is other
    assert second.is_closed


def test_an_async_client_closes_its_connections_at_the_end() -> None:
    http = httpx.AsyncClient(verify=CONTEXT)

    async def main() -> None:
        async with AsyncPayi(api_key="k", http_client=http) as client:
            assert client.copy().max_retries == 2
            assert not http.is_closed

    anyio.run(main)
    assert http.is_closed


@pytest.mark.parametrize("given", [True, False], ids=["given connections", "its own connections"])
def test_a_client_tells_whether_it_is_closed(given: bool) -> None:
    http = httpx.Client(verify=CONTEXT) if given else None
    with Payi(api_key="k", http_client=http) as client:
        copy = client.copy()
        assert client.is_closed() is copy.is_closed() is False
    assert client.is_closed() is copy.is_closed() is True


@pytest.mark.parametrize("family", [httpx, httpx2])
def test_an_async_client_tells_whether_it_is_closed(family: Any) -> None:
    async def main() -> None:
        async with AsyncPayi(api_key="k", http_client=family.AsyncClient(verify=CONTEXT)) as client:
            assert client.is_closed() is False
        assert client.is_closed() is True

    anyio.run(main)


def test_a_strict_client_and_its_copies_mind_every_part_of_an_answer(origin: Origin) -> None:
    origin.answers = [CannedResponse([b'{"request_id":3}'])]
    with Payi(api_key="k", base_url=origin.url, _strict_response_validation=True) as client:
        with pytest.raises(APIResponseValidationError, match=r"\$\.request_id"):
            client.copy().limits.delete("L1")


def test_the_key_is_not_shown() -> None:
    with Payi(api_key="payi-secret") as client:
        assert "payi-secret" not in repr(client)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["with_raw_response", "with_streaming_response"])
def test_the_whole_api_can_be_had_in_another_world(kind: Any, name: str) -> None:
    client = kind(api_key="k")
    assert type(getattr(client, name)) is APIResources
    assert type(getattr(client, name).limits) is type(client.limits)
