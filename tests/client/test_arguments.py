"""A mistake in an argument of a client raises where it is made, and says what is accepted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import pytest

from payi_transport import AsyncPayi, Payi, PayiConfigError, Timeout
from payi_transport.client.arguments import (
    check_api_key,
    check_base_url,
    check_dict,
    check_headers,
    check_max_retries,
    check_timeout,
    is_header_name,
)

RETRIES = "max_retries: expected an int of 0 or more, or math.inf, got"
TIMEOUT = "timeout: expected seconds as a number, a Timeout, or None, got"
HEADERS = "default_headers: expected the name of a header as a key, got"
WRONG_TYPES: list[tuple[dict[str, Any], str]] = [
    ({"api_key": 3}, "api_key: expected a str, got int"),
    ({"api_key": b"payi-secret"}, "api_key: expected a str, got bytes"),
    ({"max_retries": None}, f"{RETRIES} None"),
    ({"max_retries": "2"}, f"{RETRIES} '2'"),
    ({"max_retries": True}, f"{RETRIES} True"),
    ({"max_retries": 1.5}, f"{RETRIES} 1.5"),
    ({"timeout": "5"}, f"{TIMEOUT} '5'"),
    ({"timeout": True}, f"{TIMEOUT} True"),
    ({"timeout": (5, 60)}, f"{TIMEOUT} (5, 60)"),
    ({"default_headers": "a: b"}, "default_headers: expected a dict or None, got str"),
    ({"default_headers": [("a", "b")]}, "default_headers: expected a dict or None, got list"),
    ({"default_query": "a=b"}, "default_query: expected a dict or None, got str"),
    ({"default_query": {1: "b"}}, "default_query: expected a str as a key, got 1"),
    ({"default_headers": {"a": b"payi-secret"}}, "default_headers['a']: expected a str, got bytes"),
    ({"default_query": {"a": bytearray()}}, "default_query['a']: expected a str, got bytearray"),
    ({"http_client": 3}, "http_client: expected "),
]
WRONG_VALUES: list[tuple[dict[str, Any], str]] = [
    ({"max_retries": -1}, f"{RETRIES} -1"),
    ({"timeout": -5}, f"{TIMEOUT} -5"),
    ({"timeout": math.nan}, f"{TIMEOUT} nan"),
    ({"default_headers": {"a b": "c"}}, f"{HEADERS} 'a b'"),
    ({"default_headers": {"": "c"}}, f"{HEADERS} ''"),
    ({"default_headers": {3: "c"}}, f"{HEADERS} 3"),
]
WRONG_URLS = [
    "x",
    "api.pay-i.com",
    "api.pay-i.com:443",
    "ftp://x",
    "https://",
    "https://exa mple",
    "https://api.pay-i.com/?x=1",
    "https://api.pay-i.com/?",
    "https://api.pay-i.com/#a",
    "http://[::1",
    "https://x:port",
]
KINDS = pytest.mark.parametrize("kind", [Payi, AsyncPayi])


@KINDS
@pytest.mark.parametrize(("arguments", "message"), WRONG_TYPES + WRONG_VALUES)
def test_a_wrong_argument_of_a_client_raises_at_once_and_is_named(
    kind: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(PayiConfigError) as caught:
        kind(**{"api_key": "k", **arguments})
    assert str(caught.value).startswith(message)
    assert isinstance(caught.value, TypeError) == ((arguments, message) in WRONG_TYPES)


@KINDS
@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_base_url_that_requests_cannot_be_sent_to_raises_at_once(
    kind: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = "base_url: expected an address such as https://host or https://host/path, got '"
    with pytest.raises(PayiConfigError) as caught:
        kind(api_key="k", base_url=url)
    assert str(caught.value).startswith(expected)
    monkeypatch.setenv("PAYI_BASE_URL", url)
    with pytest.raises(PayiConfigError, match=r"^PAYI_BASE_URL: expected an address"):
        kind(api_key="k")


@pytest.mark.parametrize("arguments", [arguments for arguments, _ in WRONG_TYPES + WRONG_VALUES])
def test_a_copy_checks_its_options_too(arguments: dict[str, Any]) -> None:
    [name] = arguments
    with Payi(api_key="k") as client, pytest.raises(PayiConfigError, match=name):
        client.with_options(**arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeout": "5"}, f"{TIMEOUT} '5'"),
        ({"timeout": -1}, f"{TIMEOUT} -1"),
        ({"extra_headers": "a: b"}, "extra_headers: expected a dict or None, got str"),
        ({"extra_headers": {"a:": "b"}}, "extra_headers: expected the name of a header as a key, got 'a:'"),
        ({"extra_query": ["a"]}, "extra_query: expected a dict or None, got list"),
        ({"extra_body": "a"}, "extra_body: expected a dict or None, got str"),
        ({"extra_headers": {"a": b"b"}}, "extra_headers['a']: expected a str, got bytes"),
        ({"extra_query": {"a": b"b"}}, "extra_query['a']: expected a str, got bytes"),
        ({"extra_body": {"a": b"b"}}, "extra_body['a']: expected a str, got bytes"),
    ],
)
def test_a_wrong_option_of_a_call_raises_before_anything_is_sent(
    options: dict[str, Any], message: str
) -> None:
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={})

    with Payi(api_key="k", http_client=httpx.Client(transport=httpx.MockTransport(respond))) as client:
        with pytest.raises(PayiConfigError) as caught:
            client.limits.retrieve("L1", **options)
    assert str(caught.value).startswith(message)
    assert sent == []


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("https://api.pay-i.com/", "https://api.pay-i.com"),
        (" http://localhost:8080/base/ \n", "http://localhost:8080/base"),
        (httpx.URL("https://x.org/"), "https://x.org"),
        (httpx2.URL("https://x.org"), "https://x.org"),
        ("HTTPS://X.org", "HTTPS://X.org"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_is_returned_without_spaces_and_trailing_slashes(given: object, text: str) -> None:
    assert check_base_url(given) == text


@pytest.mark.parametrize(
    ("check", "accepted"),
    [
        (check_api_key, ["k", None]),
        (check_max_retries, [0, 5, math.inf]),
        (check_timeout, [None, 0, 3, 2.5, math.inf, Timeout(3), httpx2.Timeout(3)]),
        (lambda value: check_headers(value, "default_headers"), [None, {}, {"X-A": "b", "X-B": None}]),
        (lambda value: check_dict(value, "default_query"), [None, {}, {"a": 1}]),
    ],
)
def test_what_is_accepted_raises_nothing(check: Callable[[Any], None], accepted: list[Any]) -> None:
    for value in accepted:
        check(value)


@pytest.mark.parametrize(("name", "valid"), [("X-Team", True), ("x_y!", True), ("a b", False), (b"a", False)])
def test_the_name_of_a_header_has_only_the_characters_that_http_allows(name: object, valid: bool) -> None:
    assert is_header_name(name) is valid


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_timeout_is_known_whatever_module_it_names(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # OpenAI's SDK does this to httpx.Timeout, which it exports.
    monkeypatch.setattr(library.Timeout, "__module__", "openai")
    check_timeout(library.Timeout(3))
