"""An address of Pay-i that can't be used is an error when it is set, and the error quotes no secret."""

from __future__ import annotations

import pytest

from payi_transport import AsyncPayi, Payi, PayiConfigError, payi_instrument
from payi_transport.client.account import PayiAccount
from payi_transport.client.base_url import check_base_url
from payi_transport.pipeline.active import get_active
from payi_transport.rewrite.proxy import Proxy
from tests.support.secrets import SECRET, URLS

BAD = {
    "api.pay-i.com": "which has no https://",
    "localhost:8080": "which has no https://",
    "//api.pay-i.com": "which has no https://",
    "api.pay-i.com/://": "which has no https://",
    "https:api.pay-i.com": "which is not a URL",
    "https://": "which is not a URL",
    "https://exa mple": "which is not a URL",
    "no address": "which is not a URL",
    "ftp://api.pay-i.com": "which is not a URL",
    "https://api.pay-i.com/?x=1": "which has a query",
    "https://api.pay-i.com?": "which has a query",
    "https://api.pay-i.com/#part": "which has a fragment",
    "https://api.pay-i.com/a%3Fb": "whose path can't be extended",
    "https://api.pay-i.com/a/../b": "whose path can't be extended",
    "https://api.pay-i.com/a//b": "whose path can't be extended",
    "https://api.pay-i.com/a\\b": "whose path can't be extended",
    "https://api.pay-i.com/api/v1": "which ends in a path of the API",
    "https://api.pay-i.com/api/v1/ingest": "which ends in a path of the API",
}


@pytest.mark.parametrize(("url", "problem"), BAD.items(), ids=BAD)
def test_an_address_that_can_not_be_used_is_an_error_that_says_why(
    url: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PayiConfigError, match=r"^base_url: expected an address such as") as caught:
        Payi(api_key="k", base_url=url)
    assert problem in str(caught.value)
    with pytest.raises(PayiConfigError, match=r"^base_url: "):
        AsyncPayi(api_key="k", base_url=url)
    monkeypatch.setenv("PAYI_API_KEY", "k")
    monkeypatch.setenv("PAYI_BASE_URL", url)
    for start in (Payi, payi_instrument):
        with pytest.raises(PayiConfigError, match=r"^PAYI_BASE_URL: "):
            start()
    assert get_active() is None


@pytest.mark.parametrize(
    "url",
    [
        "https://api.pay-i.com",
        "HTTPS://api.pay-i.com/",
        "http://10.0.0.1:8080",
        "https://[::1]:8443/payi/",
        "https://gateway.test/teams/payi",
        "https://gateway.test/api/v2",
        "https://user:pw@gateway.test",
    ],
)
def test_other_addresses_are_accepted(url: str) -> None:
    assert check_base_url(f" {url}\n", "x") == url


@pytest.mark.parametrize("url", URLS)
def test_no_error_quotes_a_secret(url: str) -> None:
    for broken in (f"ftp://{url}", f"{url}?", f"{url}#"):
        with pytest.raises(PayiConfigError) as caught:
            check_base_url(broken, "base_url")
        assert SECRET not in str(caught.value)


def test_what_a_traceback_prints_of_an_account_has_no_key() -> None:
    url = f"https://u:{SECRET}@h.test"
    account = PayiAccount(url, SECRET, {"x-gateway": SECRET}, {"q": SECRET})
    assert repr(account) == "PayiAccount(base_url='https://h.test', headers=['x-gateway'], query=['q'])"
    assert repr(Proxy(url, SECRET)) == "Proxy(base_url='https://h.test')"
