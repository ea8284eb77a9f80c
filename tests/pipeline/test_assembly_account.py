"""The account that events go to, and what each call starts with, as far as arguments and environment say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from payi_transport import PayiConfigError
from payi_transport.client.account import PayiAccount
from payi_transport.config.schema import Settings
from payi_transport.pipeline.assembly import find_account, make_base_frame, make_proxy

# Its fields for the context are added to it, where mypy does not see them.
make_settings: Any = Settings


def make_client(**parts: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"api_key": "k", "base_url": "https://payi.test", **parts})


@pytest.mark.parametrize(
    ("parts", "headers", "query"),
    [
        ({}, {}, {}),
        ({"default_headers": {"a": "1"}}, {"a": "1"}, {}),
        # Those of the SDK itself are in the public attribute only.
        ({"_custom_headers": {"b": "2"}, "default_headers": {"a": "1", "b": "2"}}, {"b": "2"}, {}),
        ({"_custom_headers": {"a": None, "b": object()}}, {"a": None, "b": None}, {}),
        ({"_custom_headers": ["a"], "default_query": ["b"]}, {}, {}),
        ({"default_query": {"region": 7}}, {}, {"region": 7}),
    ],
)
def test_headers_and_query_of_a_client_are_those_it_was_given(
    parts: dict[str, Any], headers: dict[str, Any], query: dict[str, Any]
) -> None:
    account = find_account([make_client(**parts), make_client(api_key="other")])
    assert account == PayiAccount("https://payi.test", "k", headers, query)


@pytest.mark.parametrize("client", [make_client(base_url=None), make_client(api_key=7), SimpleNamespace()])
def test_what_is_no_client_is_refused_wherever_it_is(client: Any) -> None:
    for payi in (client, [make_client(), client]):
        with pytest.raises(PayiConfigError) as wrong:
            find_account(payi)
        assert str(wrong.value) == (
            "payi: expected a Payi or AsyncPayi client or a list of them, got SimpleNamespace; put the API"
            " key in the environment variable PAYI_API_KEY, or in Payi(api_key=...)"
        )


def test_an_empty_list_of_clients_means_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", " k\n")
    monkeypatch.delenv("PAYI_BASE_URL", raising=False)
    assert find_account([]) == find_account(None) == PayiAccount("https://api.pay-i.com", "k")


def test_an_address_that_cannot_be_used_is_named_by_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PayiConfigError, match=r"^base_url: .*'ftp://payi\.test'"):
        find_account(make_client(base_url="ftp://payi.test"))
    monkeypatch.setenv("PAYI_BASE_URL", "ftp://payi.test")
    with pytest.raises(PayiConfigError, match=r"^PAYI_BASE_URL: .*'ftp://payi\.test'"):
        find_account(None)


@pytest.mark.parametrize("key", ["a b", "schlüssel", "a\x07b"])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", key)
    with pytest.raises(PayiConfigError) as wrong:
        find_account(None)
    assert str(wrong.value) == (
        "PAYI_API_KEY: expected a key of ASCII letters, digits and punctuation, got one with other characters"
        " in it, which isn't shown"
    )


@pytest.mark.parametrize(
    ("url", "proxy", "is_refused"),
    [
        ("http://payi.test", True, True),
        ("http://payi.test", False, False),
        ("https://payi.test", True, False),
        ("http://127.0.0.1:8000", True, False),
    ],
)
def test_prompts_are_sent_through_pay_i_encrypted_only(url: str, proxy: bool, is_refused: bool) -> None:
    settings, account = Settings(proxy=proxy), PayiAccount(url, "k")
    if not is_refused:
        make_proxy(settings, account)
        return
    with pytest.raises(PayiConfigError) as wrong:
        make_proxy(settings, account)
    assert str(wrong.value) == (
        f"config.proxy: expected an https address of Pay-i, or http on this machine, got {url!r}: prompts and"
        " API keys would be sent there unencrypted"
    )


def test_a_call_starts_with_its_caller_as_use_case_unless_the_settings_name_one() -> None:
    assert make_base_frame(Settings(), "my-program").use_case_name == "my-program"
    assert make_base_frame(make_settings(use_case_name="bot"), "my-program").use_case_name == "bot"


@pytest.mark.parametrize(("proxy", "held"), [(True, True), (False, None)])
def test_a_call_goes_through_pay_i_if_the_settings_say_so(proxy: bool, held: bool | None) -> None:
    assert make_base_frame(Settings(proxy=proxy), "a").proxy is held


@pytest.mark.parametrize(
    ("is_asked", "properties", "held"),
    [
        (True, {}, {"service.name": "shop", "tier": "gold"}),
        (True, {"tier": "free", "a": "b"}, {"service.name": "shop", "tier": "free", "a": "b"}),
        (False, {"a": "b"}, {"a": "b"}),
    ],
)
def test_what_the_settings_say_wins_over_the_attributes_of_the_resource(
    is_asked: bool, properties: dict[str, str], held: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=shop,tier=gold")
    settings = make_settings(resource_attributes=is_asked, request_properties=properties)
    assert make_base_frame(settings, "a").request_properties == held
