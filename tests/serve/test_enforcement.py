"""Limits through the library and the real SDKs: from ok to overrun, exact to the digit, then no more."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from typing import Any

import anthropic
import httpx
import openai
import pytest

from payi_transport import get_context, payi_flush, payi_instrument, payi_limits, payi_stats, track_context
from payi_transport.serve.service import Service
from tests.serve.conftest import Serve
from tests.serve.test_proxy import COMPLETION, MESSAGE, QUESTION, find_calls
from tests.support.origin import CannedResponse, Origin

# What a call costs: 1000 tokens at $2 and 500 at $8 a million, and 1000 at $5 and 100 at $25.
PRICES = {"openai": Decimal("0.006"), "anthropic": Decimal("0.0075")}
BODIES: dict[str, dict[str, Any]] = {"openai": COMPLETION, "anthropic": MESSAGE}
every_sdk = pytest.mark.parametrize("sdk", PRICES)
pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")


@pytest.fixture
def service(serve: Serve, origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service that is Pay-i to the library, and that forwards to the origin of the test."""
    origin.responses = []
    address, service = serve(upstreams={"openai": origin.url, "anthropic": origin.url})
    monkeypatch.setenv("PAYI_BASE_URL", address)
    monkeypatch.setenv("PAYI_API_KEY", "local")
    return service


def make_limit(limit_type: str, most: str) -> None:
    body = {
        "limit_name": "n",
        "limit_id": "L",
        "max": float(most),
        "limit_type": limit_type,
        "threshold": 0.5,
    }
    assert post("/api/v1/limits", body).status_code == 200


def post(path: str, body: Any) -> httpx.Response:
    return httpx.post(os.environ["PAYI_BASE_URL"] + path, json=body, headers={"xproxy-api-key": "local"})


def look_at_limit() -> tuple[Decimal, dict[str, int]]:
    """Return what is spent of the limit, as it is written in the response, and its calls by state."""
    url = f"{os.environ['PAYI_BASE_URL']}/api/v1/limits/L"
    text = httpx.get(url, headers={"xproxy-api-key": "local"}).text
    totals = json.loads(text, parse_float=Decimal)["limit"]["totals"]
    return totals["cost"]["total"]["base"], {k: v for k, v in totals["requests"].items() if v}


class Caller:
    """Makes calls with an SDK, each with a response of its own id."""

    def __init__(self, sdk: str, origin: Origin, base_url: str | None = None) -> None:
        self.sdk, self.origin, self.count = sdk, origin, 0
        if sdk == "openai":
            base = None if base_url is None else f"{base_url}/v1"
            self.client: Any = openai.OpenAI(api_key="sk", base_url=base, max_retries=0)
        else:
            self.client = anthropic.Anthropic(api_key="sk", base_url=base_url, max_retries=0)

    def __call__(self) -> Any:
        self.count += 1
        body = {**BODIES[self.sdk], "id": f"call-{self.count}"}
        self.origin.responses = [CannedResponse([json.dumps(body).encode()])]
        if self.sdk == "openai":
            return self.client.chat.completions.create(
                model="gpt-4.1", messages=[{"role": "user", "content": "Hi"}]
            )
        return self.client.messages.create(**QUESTION)


def instrument(origin: Origin, sdk: str, **config: Any) -> None:
    mappings = {origin.netloc: {"price_as_category": f"system.{sdk}"}}
    whole: Any = {"limit_ids": ["L"], "host_mappings": mappings, **config}
    payi_instrument(config=whole)


def find_denial(sdk: str) -> Any:
    return {"openai": openai, "anthropic": anthropic}[sdk].PermissionDeniedError


@every_sdk
def test_a_limit_goes_from_ok_to_overrun_and_stops_the_next_call(
    sdk: str, service: Service, origin: Origin
) -> None:
    price = PRICES[sdk]
    make_limit("allow", str(price * 2 + Decimal("0.0005")))
    told: list[str] = []
    instrument(
        origin,
        sdk,
        enforce_limits=True,
        on_limit=lambda limit_id, state: told.append(state),
        delivery={"mode": "inline"},
    )
    call = Caller(sdk, origin, origin.url)
    seen = []
    for number in range(1, 4):
        response = call()
        cost = response.xproxy_result["cost"]["total"]
        seen.append((response.xproxy_result["limits"]["L"]["state"], cost["base"]))
        assert look_at_limit()[0] == price * number
    assert seen == [("ok", float(price)), ("exceeded", float(price)), ("overrun", float(price))]
    # All but half a thousandth of the third call is above the limit.
    assert Decimal(str(cost["overrun_base"])) == price - Decimal("0.0005")
    assert payi_limits() == {"L": "overrun"} and told == ["ok", "exceeded", "overrun"]
    with pytest.raises(find_denial(sdk), match="limit L is overrun"):
        call()
    assert len(origin.received) == 3
    assert look_at_limit() == (price * 3, {"ok": 1, "exceeded": 1, "overrun": 1, "total": 3})
    # Calls for another limit, or none, go on.
    with track_context(limit_ids=[]):
        call()
    assert len(find_calls(service)) == 4


@every_sdk
def test_in_bulk_the_limits_stand_as_exact_as_inline(sdk: str, service: Service, origin: Origin) -> None:
    make_limit("allow", "1")
    instrument(origin, sdk)
    call = Caller(sdk, origin, origin.url)
    for _ in range(7):
        call()
    assert payi_flush(30)
    # Seven times a float would have other digits.
    assert look_at_limit() == (PRICES[sdk] * 7, {"ok": 7, "total": 7})
    assert (payi_stats().delivered, payi_stats().lost) == (7, {})
    assert sum(found.call.cost or 0 for found in find_calls(service)) == PRICES[sdk] * 7


@every_sdk
def test_in_proxy_mode_a_block_limit_responds_424_and_the_provider_is_not_called(
    sdk: str, service: Service, origin: Origin
) -> None:
    price = PRICES[sdk]
    make_limit("block", str(price * 2 + Decimal("0.0005")))
    payi_instrument(config={"proxy": True, "limit_ids": ["L"], "use_case_name": "app"})
    call = Caller(sdk, origin)
    states = []
    for _ in range(3):
        call()
        states.append(get_context()["last_result"]["limits"]["L"]["state"])
    assert states == ["ok", "exceeded", "overrun"]
    with pytest.raises((openai.APIStatusError, anthropic.APIStatusError)) as caught:
        call()
    error: Any = caught.value
    assert error.status_code == 424
    assert json.loads(error.response.content)["xproxy_error"]["code"] == "limit_blocked"
    assert len(origin.received) == 3
    assert look_at_limit() == (price * 3, {"ok": 1, "exceeded": 1, "overrun": 1, "blocked": 1, "total": 4})
    assert {found.call.use_case for found in find_calls(service)} == {"app"}
    # Once the limit is reset, calls go on.
    assert post("/api/v1/limits/L/reset", {}).status_code == 200
    call()
    assert look_at_limit() == (price, {"ok": 1, "total": 1})
    # What went through the proxy is not reported again.
    assert payi_stats().captured == 0 and len(find_calls(service)) == 4


@every_sdk
def test_a_block_limit_is_left_out_of_what_is_ingested(
    sdk: str, service: Service, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    make_limit("block", "1")
    instrument(origin, sdk)
    Caller(sdk, origin, origin.url)()
    assert payi_flush(30)
    [found] = find_calls(service)
    assert found.detail.properties["system.unapplied_limit_ids"] == "L"
    assert look_at_limit() == (Decimal(0), {})
    assert [record for record in caplog.records if "proxy" in record.getMessage()]
