"""The settings of a client, from arguments and the environment."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from payi_transport import PayiConfigError, PayiError
from payi_transport.client.settings import (
    make_settings,
    read_custom_headers,
    resolve_api_key,
    resolve_base_url,
    resolve_checked_base_url,
)
from payi_transport.client.timeouts import DEFAULT_TIMEOUT


def test_the_api_key_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "from-environment")
    assert resolve_api_key("given") == "given"
    assert resolve_api_key(None) == "from-environment"


@pytest.mark.parametrize("set_to", [None, ""])
def test_a_missing_api_key_raises_an_error_that_names_the_variable(
    set_to: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if set_to is not None:
        monkeypatch.setenv("PAYI_API_KEY", set_to)
    with pytest.raises(PayiError, match="PAYI_API_KEY"):
        resolve_api_key(None)


@pytest.mark.parametrize(
    ("given", "environment", "found"),
    [
        (None, None, "https://api.pay-i.com"),
        (None, "", "https://api.pay-i.com"),
        (None, "https://payi.example.org/", "https://payi.example.org"),
        ("https://other.example.org/base/", "https://payi.example.org", "https://other.example.org/base"),
        (httpx.URL("http://localhost:1/"), None, "http://localhost:1"),
    ],
)
def test_the_base_url_is_the_argument_else_the_environment_else_the_default(
    given: str | httpx.URL | None, environment: str | None, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment is not None:
        monkeypatch.setenv("PAYI_BASE_URL", environment)
    assert resolve_base_url(given) == found


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        (None, {}),
        ("", {}),
        ("X-Team: blue", {"X-Team": "blue"}),
        ("X-Team: blue\nX-Url: http://a:1\r\n\n", {"X-Team": "blue", "X-Url": "http://a:1"}),
        ("no colon\n: no name\nA:", {"A": ""}),
        ("not a name: b\nA: b", {"A": "b"}),
    ],
)
def test_custom_headers_are_lines_of_name_and_value(
    text: str | None, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is not None:
        monkeypatch.setenv("PAYI_CUSTOM_HEADERS", text)
    assert read_custom_headers() == headers


def test_settings_that_are_not_passed_come_from_the_environment_or_are_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "k")
    monkeypatch.setenv("PAYI_CUSTOM_HEADERS", "a: 1\nb: 1")
    settings = make_settings(default_headers={"b": "2"})
    assert (settings.api_key, settings.base_url, settings.max_retries) == ("k", "https://api.pay-i.com", 2)
    assert (settings.headers, settings.query, settings.strict) == ({"a": "1", "b": "2"}, {}, False)
    assert settings.timeout == DEFAULT_TIMEOUT


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_key": 3},
        {"max_retries": -1},
        {"timeout": "5"},
        {"default_headers": {"a b": "c"}},
        {"default_query": {"a": b"c"}},
    ],
    ids=repr,
)
def test_each_setting_is_checked_and_named(wrong: dict[str, Any]) -> None:
    [name] = wrong
    with pytest.raises(PayiConfigError, match=f"^{name}"):
        make_settings(**{"api_key": "k", **wrong})


def test_the_repr_of_settings_shows_the_rest() -> None:
    settings = make_settings(api_key="k", timeout=7, max_retries=3, strict=True)
    assert repr(settings) == (
        "ClientSettings(base_url='https://api.pay-i.com', timeout=7, max_retries=3, headers=[], query=[],"
        " strict=True)"
    )


def test_the_repr_of_settings_shows_neither_the_key_nor_the_value_of_a_header() -> None:
    settings = make_settings(
        api_key="payi-secret",
        default_headers={"Authorization": "other-secret"},
        default_query={"sig": "third-secret"},
    )
    assert "secret" not in repr(settings) and "secret" not in str(settings)
    assert "headers=['Authorization'], query=['sig']" in repr(settings)
    assert "base_url='https://api.pay-i.com'" in repr(settings)


def test_a_base_url_is_checked_and_its_environment_variable_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_checked_base_url(None) == "https://api.pay-i.com"
    assert resolve_checked_base_url(" https://x.org/ ") == "https://x.org"
    monkeypatch.setenv("PAYI_BASE_URL", "https://y.org/base/")
    assert resolve_checked_base_url(None) == "https://y.org/base"
    monkeypatch.setenv("PAYI_BASE_URL", "y.org")
    with pytest.raises(PayiConfigError, match=r"^PAYI_BASE_URL: expected an address"):
        resolve_checked_base_url(None)
