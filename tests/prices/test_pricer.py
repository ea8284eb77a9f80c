"""Pricing a call: whose figure counts, what its parts are, and what is said of what was assumed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.config.validation import check_config
from payi_transport.prices import Estimate, Pricer
from payi_transport.prices.price_list import INSTALL, PriceList
from payi_transport.values.names import UNKNOWN_RESOURCE
from tests.prices.calls import MOMENT, make_call

pytest.importorskip("genai_prices")


def own(**row: Any) -> Pricer:
    return Pricer(check_config({"prices": {"own": [row]}}).prices)


def price(call: Any, pricer: Pricer | None = None, result: Mapping[str, Any] | None = None) -> Estimate:
    estimate = (pricer or Pricer()).estimate(call, result)
    amounts = [line.amount for line in estimate.lines if line.amount is not None]
    # Whatever the source, the parts are the total.
    assert estimate.total is None or estimate.status == "included" or sum(amounts) == estimate.total
    return estimate


def test_every_unit_has_a_line_with_its_rate_and_where_it_is_from() -> None:
    units = {"text": (1000, 200), "text_cache_read": (500, None), "reasoning": (None, 100)}
    estimate = price(make_call(units=units))
    assert estimate.total == Decimal("0.0043125")
    assert (estimate.status, estimate.source, estimate.currency) == ("priced", "list", "USD")
    assert estimate.basis == "openai gpt-5"
    assert str(estimate.list_version).startswith("genai-prices ")
    assert [(line.unit, line.direction, line.count, line.rate, line.note) for line in estimate.lines] == [
        ("text", "input", 1000, Decimal("0.00000125"), None),
        ("text", "output", 200, Decimal("0.00001"), None),
        ("text_cache_read", "input", 500, Decimal("0.000000125"), None),
        ("reasoning", "output", 100, Decimal("0.00001"), "reasoning at the output rate"),
    ]
    assert estimate.notes == ("reasoning at the output rate",)


def test_a_model_that_the_list_does_not_have_is_unpriced_and_says_what_to_do() -> None:
    estimate = price(make_call("gpt-99"))
    assert (estimate.total, estimate.status, estimate.source) == (None, "unpriced", None)
    assert estimate.notes == (
        "the price list has no price for gpt-99 of system.openai; add one under [[prices.own]]",
    )
    for resource in (None, UNKNOWN_RESOURCE):
        assert price(make_call(resource)).status == "unpriced"


def test_a_deployment_is_priced_as_the_model_that_served_it() -> None:
    served = {"provider.served_model": "gpt-5"}
    estimate = price(make_call("my-deployment", category="system.azureopenai", properties=served))
    assert (estimate.total, estimate.basis) == (Decimal("1.25"), "azure gpt-5")
    assert estimate.notes == ("priced as gpt-5, the model that served it",)
    unknown = make_call("my-deployment", properties={"provider.served_model": "gpt-99"})
    assert price(unknown).status == "unpriced"
    # The model that was priced has a price, whatever served it.
    assert price(make_call("gpt-5-mini", properties=served)).basis == "openai gpt-5-mini"


def test_a_unit_without_a_rate_makes_a_partial_price() -> None:
    estimate = price(make_call(units={"text": (1_000_000, None), "guardrail_topic": (3, None)}))
    assert (estimate.total, estimate.status) == (Decimal("1.25"), "partial")
    assert estimate.lines[1].amount is None
    assert estimate.lines[1].source is None
    assert "the price list has no rate for it" in estimate.notes


def test_a_figure_of_pay_i_stands_in_the_place_of_an_estimate() -> None:
    result = {"cost": {"currency": "usd", "total": {"base": 0.5}}}
    estimate = price(make_call(units={"text": (100, 100)}), own(free=True), result)
    assert (estimate.total, estimate.source, estimate.status) == (Decimal("0.5"), "payi", "priced")
    # Free of charge by the config, so the list's proportions are not known.
    assert [(line.unit, line.direction, line.amount) for line in estimate.lines][-1] == (
        "call",
        "total",
        Decimal("0.5"),
    )


def test_a_figure_of_the_provider_is_spread_over_the_units_in_the_proportions_of_the_list() -> None:
    call = make_call(units={"text": (8_000, 1_000)}, properties={"provider.cost": "0.03"})
    estimate = price(call)
    assert (estimate.total, estimate.source) == (Decimal("0.03"), "provider")
    assert [line.amount for line in estimate.lines] == [Decimal("0.015"), Decimal("0.015")]
    assert estimate.notes == ("the provider's own figure (provider.cost)",)
    third = price(make_call(units={"text": (8, 1), "audio": (3, None)}, properties={"provider.cost": "1"}))
    assert third.total == 1


def test_prices_of_the_config_win_over_the_provider_and_the_list() -> None:
    call = make_call(units={"text": (1_000_000, 1_000_000)}, properties={"provider.cost": "0.03"})
    estimate = price(call, own(resource="gpt-*", units={"text": {"input": 1, "output": "2.5"}}))
    assert (estimate.total, estimate.source) == (Decimal("3.5"), "config")


def test_units_that_a_row_does_not_name_cost_what_the_list_says() -> None:
    pricer = own(units={"text": {"input": 1}}, multiplier="0.5")
    estimate = price(make_call(units={"text": (1_000_000, 1_000_000)}), pricer)
    assert estimate.total == Decimal(6)
    assert [line.source for line in estimate.lines] == ["config", "config"]
    assert estimate.notes == ("the list's rate times 0.5",)
    reasoning = price(make_call(units={"reasoning": (None, 1_000_000)}), own(multiplier="0.5"))
    assert reasoning.notes == ("the list's rate times 0.5; reasoning at the output rate",)
    # A multiple of what nobody knows is not known.
    assert price(make_call("gpt-99"), pricer).total == 1
    assert price(make_call("gpt-99", {"audio": (1, None)}), pricer).total is None


def test_free_means_that_zero_is_believed() -> None:
    estimate = price(make_call("gpt-99"), own(resource="gpt-99", free=True))
    assert (estimate.total, estimate.status, estimate.source) == (Decimal(0), "priced", "config")
    assert estimate.list_version is None


def test_a_commitment_covers_its_calls() -> None:
    estimate = price(make_call(), own(cost_per_hour="12.50"))
    assert (estimate.total, estimate.status, estimate.source) == (Decimal(0), "included", "config")
    assert estimate.notes == ("covered by a commitment of $12.50 an hour",)
    assert estimate.lines[0].amount is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("system.billing", "subscription"),
        ("provider.traffic_type", "PROVISIONED_THROUGHPUT"),
        ("provider.extra_properties.google.traffic_type", "PROVISIONED_THROUGHPUT"),
    ],
)
def test_a_call_that_is_paid_for_otherwise_is_included(name: str, value: str) -> None:
    assert price(make_call(properties={name: value})).status == "included"


def test_a_call_without_usage_costs_nothing_unless_its_usage_is_missing() -> None:
    assert price(make_call(units={}, http_status_code=500)).total == 0
    assert price(make_call(units={"text": (0, 0)})).total == 0
    missing = price(make_call(units={}, properties={"system.units": "missing"}))
    assert (missing.total, missing.status) == (None, "unpriced")
    assert price(make_call(units={}, properties={"system.stream": "partial"})).status == "unpriced"


def test_a_stream_that_ended_early_cost_at_least_this() -> None:
    estimate = price(make_call(properties={"system.stream": "partial"}))
    assert estimate.notes == ("at least this much: the stream ended early",)


def test_what_is_billed_by_the_request_is_a_line_of_its_own() -> None:
    estimate = price(make_call("sonar", {"text": (1_000_000, None)}, category="perplexity"))
    assert [(line.unit, line.amount) for line in estimate.lines] == [
        ("text", Decimal(1)),
        ("request", Decimal("0.012")),
    ]
    assert price(make_call("sonar", {}, category="perplexity")).total == Decimal("0.012")
    failed = make_call("sonar", {}, category="perplexity", http_status_code=429)
    assert price(failed).total == 0


def test_prompts_of_several_requests_decide_nothing_about_a_price_by_size() -> None:
    units = {"text": (300_000, None)}
    assert price(make_call("gpt-5.4", units)).total == Decimal("1.5")
    batch = price(make_call("gpt-5.4", units, properties={"provider.service_tier": "batch"}))
    assert batch.total == Decimal("0.375")
    # One request of a batch says which tier its prompt reached.
    one = {"provider.service_tier": "batch", "provider.context_tier": "over_272k"}
    assert price(make_call("gpt-5.4", units, properties=one)).total == Decimal("0.75")
    # The units of these models say themselves which prompts were long.
    claude = {"text": (300_000, None), "text_large_context": (250_000, None)}
    assert price(make_call("claude-sonnet-4-5", claude, category="system.anthropic")).total == Decimal("2.4")


def test_the_tier_of_a_whole_call_is_that_of_its_rest() -> None:
    rest = make_call("gpt-5.4", {"text": (None, 1000)}, properties={"provider.context_tier": "over_272k"})
    assert price(rest).total == Decimal("0.0225")
    assert price(make_call("gpt-5.4", {"text": (None, 1000)})).total == Decimal("0.015")


def test_a_moment_without_a_zone_is_in_utc_and_none_is_now() -> None:
    pricer = own(units={"text": {"input": 1}}, **{"from": "2026-11-20T12:00:00Z"})
    assert price(make_call(event_timestamp=datetime(2026, 11, 20, 12)), pricer).total == 1
    assert price(make_call(event_timestamp=datetime(2026, 11, 20, 11)), pricer).total == Decimal("1.25")
    assert price(make_call(event_timestamp=None), own(free=True)).total == 0


def test_seconds_of_audio_are_not_priced_as_tokens() -> None:
    uri = "https://api.openai.com/v1/audio/transcriptions"
    call = make_call("whisper-1", {"audio": (3600, None)}, provider_uri=uri)
    assert price(call).total == Decimal("0.36")


def test_without_the_list_a_call_is_unpriced_and_says_what_to_install() -> None:
    prices = PriceList()
    prices.version = None
    estimate = Pricer(price_list=prices).estimate(make_call())
    assert (estimate.status, estimate.notes) == ("unpriced", (INSTALL,))
    assert INSTALL == 'install the price list with: pip install "payi-transport[prices]"'


def test_the_same_call_has_the_same_cost_whenever_it_is_asked() -> None:
    call = make_call(units={"text": (123, 45), "reasoning": (None, 6)}, event_timestamp=MOMENT)
    assert price(call) == price(call, Pricer())


ADVISOR = {
    "provider.iterations.1.model": "claude-opus-4-5",
    "provider.iterations.1.text.input": "1000",
    "provider.iterations.1.text.output": "100",
}


def test_the_tokens_of_another_model_cost_what_that_model_costs() -> None:
    call = make_call(
        "claude-haiku-4-5", {"text": (1000, None)}, category="system.anthropic", properties=ADVISOR
    )
    estimate = price(call)
    # 1000 at $1, and 1000 at $5 with 100 at $25 for a million.
    assert (estimate.total, estimate.status) == (Decimal("0.0085"), "priced")
    assert [(line.model, line.unit, line.direction) for line in estimate.lines] == [
        (None, "text", "input"),
        ("claude-opus-4-5", "text", "input"),
        ("claude-opus-4-5", "text", "output"),
    ]
    # A price of one's own is for the model that it names.
    opus = own(resource="claude-opus-*", multiplier=2)
    assert price(call, opus).total == Decimal("0.016")
    free = price(call, own(resource="claude-haiku-4-5", free=True))
    assert (free.total, free.basis) == (Decimal("0.0075"), None)
    assert str(free.list_version).startswith("genai-prices ")


def test_another_model_without_a_price_makes_a_partial_price_and_says_which() -> None:
    properties = {"provider.svg_usage.model": "svg-99", "provider.svg_usage.output_tokens": "5"}
    estimate = price(make_call(properties=properties))
    assert (estimate.total, estimate.status) == (Decimal("1.25"), "partial")
    note = "the price list has no price for svg-99 of system.openai; add one under [[prices.own]]"
    assert note in estimate.notes


def test_what_hosted_tools_use_is_priced_by_the_call() -> None:
    properties = {"provider.file_search_calls": "2", "provider.web_search_calls": "3"}
    estimate = price(make_call(units={"text": (1000, None)}, properties=properties))
    # $10 and $2.50 for a thousand.
    assert estimate.total == Decimal("0.00125") + Decimal("0.03") + Decimal("0.005")
    container = price(make_call(properties={"provider.containers": "1"}))
    assert (container.total, container.status) == (Decimal("1.25"), "partial")
    assert price(
        make_call(properties={"provider.containers": "1"}),
        own(units={"container": {"output": "0.03", "per": 1}}),
    ).total == Decimal("1.28")


def test_writes_for_twelve_hours_cost_at_least_those_for_an_hour() -> None:
    call = make_call(
        "claude-sonnet-4-5",
        {"text_cache_write": (1_000_000, None)},
        category="system.anthropic",
        properties={"provider.cache_write.12h_tokens": "400000"},
    )
    estimate = price(call)
    # 600,000 at $3.75 and 400,000 at the $6 of an hour.
    assert estimate.total == Decimal("2.25") + Decimal("2.4")
    assert "cache write of 12 hours at the rate of an hour" in estimate.notes
    mine = price(call, own(units={"text_cache_write": {"input": 1}}))
    assert mine.total == 1
    assert "cache write of some hours at your rate of cache writes" in mine.notes
    hour = {"text_cache_write": {"input": 1}, "text_cache_write_1h": {"input": 2}}
    assert price(call, own(units=hour)).total == Decimal("1.4")


def test_a_size_that_the_list_has_no_price_for_is_reported() -> None:
    estimate = price(make_call("gpt-5", properties={"provider.context_tier": "over_272k"}))
    assert estimate.notes == ("standard rate assumed for context tier over_272k",)
    known = price(make_call("gpt-5.4", properties={"provider.context_tier": "over_272k"}))
    assert known.notes == ()
