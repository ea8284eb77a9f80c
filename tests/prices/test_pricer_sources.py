"""What an estimate says of itself: whose figure it is, where from, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from payi_transport import Header
from payi_transport.config.validation import check_config
from payi_transport.prices import Pricer
from tests.prices.calls import make_call
from tests.reports.support import exact

pytest.importorskip("genai_prices")
MILLION = 1_000_000


def own(**row: Any) -> Pricer:
    return Pricer(check_config({"prices": {"own": [row]}}).prices)


def test_a_model_without_a_name_is_reported_as_such() -> None:
    assert Pricer().estimate(make_call(None)).notes == (
        "the price list has no price for a model without a name of system.openai; add one under"
        " [[prices.own]]",
    )


@pytest.mark.parametrize(
    ("properties", "note"),
    [
        ({"system.billing": "subscription"}, "a subscription includes this call"),
        ({"provider.traffic_type": "PROVISIONED_THROUGHPUT"}, "provisioned throughput covers this call"),
    ],
)
def test_what_a_provider_includes_says_so_and_keeps_its_counts(
    properties: Mapping[str, str], note: str
) -> None:
    estimate = Pricer().estimate(make_call(units={"text": (5, 7)}, properties=properties))
    assert exact(estimate.total, estimate.source, estimate.notes) == (0, "provider", (note,))
    assert [(line.unit, line.direction, line.count) for line in estimate.lines] == [
        ("text", "input", 5),
        ("text", "output", 7),
    ]


def test_a_commitment_of_the_users_own_is_named_before_what_the_provider_includes() -> None:
    call = make_call(properties={"system.billing": "subscription", "provider.cost": "3"})
    assert own(cost_per_hour=2).estimate(call).notes == ("covered by a commitment of $2 an hour",)
    # What Pay-i says that a call cost wins over both.
    found = own(cost_per_hour=2).estimate(call, {"cost": {"total": {"base": 1}}})
    assert exact(found.total, found.notes) == (1, ("Pay-i's own figure",))


@pytest.mark.parametrize(
    ("properties", "note"),
    [
        ({"system.units": "missing"}, "the response had no usage that could be read"),
        ({"system.stream": "partial"}, "the stream ended before its usage"),
    ],
)
def test_a_call_without_usage_says_why(properties: Mapping[str, str], note: str) -> None:
    estimate = Pricer().estimate(make_call(units={}, properties=properties))
    assert (estimate.total, estimate.status, estimate.notes) == (None, "unpriced", (note,))


def test_a_call_that_used_nothing_says_so() -> None:
    estimate = Pricer().estimate(make_call(units={}, properties={"system.stream": "complete"}))
    assert exact(estimate.total, estimate.status) == (0, "priced")
    assert estimate.notes == ("nothing was used that is billed",)


@pytest.mark.parametrize(
    ("status", "total"), [(None, "0.012"), (200, "0.012"), (298, "0.012"), (299, "0"), (300, "0")]
)
def test_requests_that_succeed_are_billed_as_such(status: int | None, total: str) -> None:
    call = make_call("sonar", {}, category="perplexity", http_status_code=status)
    assert Pricer().estimate(call).total == Decimal(total)


def test_a_figure_for_a_call_without_proportions_is_a_line_of_its_own() -> None:
    estimate = Pricer().estimate(make_call("gpt-99", {"text": (5, None)}, properties={"provider.cost": "3"}))
    text, call = estimate.lines
    assert (text.unit, text.count, text.amount, text.rate, text.source) == ("text", 5, None, None, None)
    assert (call.unit, call.direction, call.count) == ("call", "total", 1)
    assert exact(call.rate, call.amount, call.source) == (3, 3, "provider")
    assert exact(estimate.total, estimate.status, estimate.source) == (3, "priced", "provider")
    assert estimate.notes == ("the provider's own figure (provider.cost)",)


def test_a_figure_of_another_is_not_from_the_list_that_spread_it() -> None:
    estimate = Pricer().estimate(make_call(units={"text": (8, 1)}, properties={"provider.cost": "3"}))
    assert [line.source for line in estimate.lines] == ["provider", "provider"]
    assert (estimate.list_version, estimate.basis) == (None, None)


def test_a_figure_for_a_call_without_units_is_its_only_line() -> None:
    estimate = Pricer().estimate(make_call(units={}, properties={"provider.cost": "0.5"}))
    assert [(line.unit, line.amount) for line in estimate.lines] == [("call", Decimal("0.5"))]


def test_a_figure_of_a_stream_that_ended_early_says_both() -> None:
    call = make_call(properties={"provider.cost": "0.5", "system.stream": "partial"})
    assert Pricer().estimate(call).notes == (
        "the provider's own figure (provider.cost)",
        "at least this much: the stream ended early",
    )


def test_the_figure_of_a_litellm_proxy_is_read_from_the_headers_of_the_call() -> None:
    headers = [Header("x-litellm-response-cost", "0.25")]
    estimate = Pricer().estimate(make_call(provider_response_headers=headers))
    assert estimate.total == Decimal("0.25")
    assert estimate.notes == ("the provider's own figure (x-litellm-response-cost)",)


def test_a_free_model_of_a_gateway_costs_nothing() -> None:
    call = make_call("meta/llama:free", category="openrouter", properties={"provider.cost": "0"})
    assert exact(Pricer().estimate(call).total, Pricer().estimate(call).source) == (0, "provider")


def test_an_own_price_for_a_listed_model_still_names_the_list() -> None:
    estimate = own(units={"text": {"input": 3}}).estimate(make_call())
    assert exact(estimate.total, estimate.source, estimate.basis) == (3, "config", "openai gpt-5")
    assert estimate.list_version is not None
    unlisted = own(units={"text": {"input": 3}}).estimate(make_call("gpt-99"))
    assert exact(unlisted.total, unlisted.basis, unlisted.list_version) == (3, None, None)


def test_what_holds_for_several_units_is_said_once() -> None:
    call = make_call(units={"text": (8, 1)}, scope="region.eu")
    estimate = Pricer().estimate(call)
    assert [line.note for line in estimate.lines] == ["standard rate assumed for region.eu"] * 2
    assert estimate.notes == ("standard rate assumed for region.eu",)


@pytest.mark.parametrize(
    ("row", "amount", "note"),
    [
        ({"units": {"text": {"output": 3}}}, Decimal(3), None),
        (
            {"units": {"audio": {"output": 3}}},
            None,
            "the price list has no price for svg-99 of system.openai; add one under [[prices.own]]",
        ),
    ],
)
def test_another_model_that_the_list_lacks_may_have_a_price_of_the_users_own(
    row: dict[str, Any], amount: Decimal | None, note: str | None
) -> None:
    properties = {"provider.svg_usage.model": "svg-99", "provider.svg_usage.output_tokens": str(MILLION)}
    estimate = own(resource="svg-*", **row).estimate(make_call(properties=properties))
    line = estimate.lines[1]
    assert (line.model, line.amount, line.note) == ("svg-99", amount, note)
    assert line.source == (None if amount is None else "config")


def test_another_model_that_the_list_has_may_lack_a_rate() -> None:
    properties = {"provider.iterations.1.model": "gpt-5-mini", "provider.iterations.1.lost.input": "5"}
    line = Pricer().estimate(make_call(properties=properties)).lines[1]
    assert (line.model, line.amount, line.note) == ("gpt-5-mini", None, "the price list has no rate for it")


def test_a_multiple_of_a_rate_is_rounded_to_where_sums_are_exact() -> None:
    estimate = own(multiplier="0.3333333333333333333").estimate(make_call(units={"text": (1, None)}))
    assert estimate.total == Decimal("4.16666667E-7")
    assert estimate.lines[0].source == "config"


def test_a_call_without_a_time_is_priced_as_one_of_now() -> None:
    row = {"units": {"text": {"input": 3}}, "from": "2020-01-01", "until": "2999-01-01"}
    assert own(**row).estimate(make_call(event_timestamp=None)).total == 3


def test_the_query_of_an_address_does_not_change_what_is_counted() -> None:
    uri = "https://api.openai.com/v1/audio/transcriptions?api-version=1"
    call = make_call("whisper-1", {"audio": (3600, None)}, provider_uri=uri)
    assert Pricer().estimate(call).total == Decimal("0.36")


@pytest.mark.parametrize(("tokens", "total"), [(272_000, "0.68"), (272_001, "1.360005")])
def test_the_size_of_the_prompt_decides_without_a_tier(tokens: int, total: str) -> None:
    assert Pricer().estimate(make_call("gpt-5.4", {"text": (tokens, None)})).total == Decimal(total)


def test_standard_units_of_a_model_with_large_ones_have_the_standard_price() -> None:
    units = {"text": (300_000, None)}
    call = make_call("claude-sonnet-4-5", units, category="system.anthropic")
    assert Pricer().estimate(call).total == Decimal("0.9")


def test_what_a_tool_used_of_another_model_is_no_part_of_the_prompt() -> None:
    properties = {
        "provider.tool_usage.image_gen.input_tokens": "1000",
        "provider.iterations.1.text.input": "9",
    }
    text, *others = (
        Pricer().estimate(make_call("gpt-5.4", {"text": (272_000, None)}, properties=properties)).lines
    )
    assert text.amount == Decimal("0.68")
    assert [other.unit for other in others] == ["hosted_image_tokens", "other_model_tokens"]
