"""Anthropic's cost and usage reports, as its API reference has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from payi_transport.reports.bills.anthropic import (
    is_anthropic,
    is_anthropic_table,
    read_anthropic,
    read_anthropic_table,
)
from payi_transport.reports.bills.values import ValueReader
from tests.reports.support import exact


def page(*results: Any) -> dict[str, Any]:
    bucket = {
        "starting_at": "2026-10-05T00:00:00Z",
        "ending_at": "2026-10-06T00:00:00Z",
        "results": list(results),
    }
    return {"data": [bucket], "has_more": False, "next_page": None}


def test_amounts_are_cents() -> None:
    result = {
        "currency": "USD",
        "amount": "123.45",
        "workspace_id": "wrkspc_1",
        "description": "Claude Sonnet 4 Usage - Input Tokens",
        "cost_type": "tokens",
        "context_window": "0-200k",
        "model": "claude-sonnet-4-20250514",
        "service_tier": "batch",
        "token_type": "uncached_input_tokens",
    }
    (line,) = read_anthropic(page(result), ValueReader())
    assert line.cost == Decimal("1.2345")
    assert (line.model, line.kind, line.tier) == ("claude-sonnet-4-20250514", "input", "batch")
    assert line.account == "wrkspc_1"


@pytest.mark.parametrize(
    ("token_type", "kind"),
    [
        ("uncached_input_tokens", "input"),
        ("output_tokens", "output"),
        ("cache_read_input_tokens", "cache_read"),
        ("cache_creation.ephemeral_5m_input_tokens", "cache_write"),
        ("cache_creation.ephemeral_1h_input_tokens", "cache_write_1h"),
    ],
)
def test_types_of_tokens(token_type: str, kind: str) -> None:
    (line,) = read_anthropic(page({"amount": "1", "token_type": token_type, "model": "m"}), ValueReader())
    assert line.kind == kind


def test_searches_have_a_kind_and_no_model() -> None:
    result = {"amount": "100", "cost_type": "web_search", "description": "Web Search Usage", "model": None}
    (line,) = read_anthropic(page(result), ValueReader())
    assert (line.kind, line.cost) == ("web_search", Decimal(1))


def test_usage_counts_caches_beside_the_input() -> None:
    result = {
        "uncached_input_tokens": 1500,
        "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
        "cache_read_input_tokens": 200,
        "output_tokens": 500,
        "server_tool_use": {"web_search_requests": 10},
        "model": "claude-sonnet-4",
        "service_tier": "standard",
    }
    assert {line.kind: line.quantity for line in read_anthropic(page(result), ValueReader())} == {
        "input": 1500,
        "cache_read": 200,
        "output": 500,
        "cache_write": 500,
        "cache_write_1h": 1000,
        "web_search": 10,
    }


@pytest.mark.parametrize(
    "document",
    [
        {"data": [None, {"starting_at": "2026-10-05", "results": 3}, {"starting_at": None, "results": [{}]}]},
        page(None, []),
        page({"amount": None}, {"amount": "n/a", "model": 3}),
        page({"cache_creation": 3, "server_tool_use": [], "output_tokens": "x"}),
    ],
)
def test_fields_of_other_types_are_absent(document: Any) -> None:
    assert all(not line.cost and not line.quantity for line in read_anthropic(document, ValueReader()))


@pytest.mark.parametrize("document", [None, [], {}, {"data": 3}, {"data": [{"start_time": 1}]}])
def test_other_documents_are_not_anthropics(document: Any) -> None:
    assert not is_anthropic(document)
    assert is_anthropic(page())


def test_the_console_exports_costs_in_dollars() -> None:
    row = {
        "usage_date_utc": "2026-10-05",
        "model": "Claude Haiku 4.5",
        "workspace": "Default",
        "usage_type": "message",
        "token_type": "input_no_cache",
        "cost_usd": "0.05",
        "cost_type": "token",
    }
    assert is_anthropic_table([row])
    search = {**row, "token_type": "", "cost_type": "web_search"}
    nothing = {**row, "token_type": "", "cost_type": ""}
    lines = [*read_anthropic_table([row, search, nothing, {**row, "usage_date_utc": ""}], ValueReader())]
    assert [(line.kind, line.cost) for line in lines] == [
        ("input", Decimal("0.05")),
        ("web_search", Decimal("0.05")),
        ("", Decimal("0.05")),
    ]
    assert (lines[0].model, lines[0].account) == ("Claude Haiku 4.5", "Default")
    assert not is_anthropic_table([])


def test_the_console_exports_tokens_of_every_kind() -> None:
    row = {
        "usage_date_utc": "2026-10-05",
        "model_version": "claude-haiku-4-5-20251001",
        "usage_type": "batch",
        "usage_input_tokens_no_cache": "1",
        "usage_input_tokens_cache_write_5m": "2",
        "usage_input_tokens_cache_write_1h": "3",
        "usage_input_tokens_cache_read": "4",
        "usage_output_tokens": "5",
        "web_search_count": "6",
    }
    lines = {line.kind: line.quantity for line in read_anthropic_table([row], ValueReader())}
    assert lines == {
        "input": 1,
        "cache_write": 2,
        "cache_write_1h": 3,
        "cache_read": 4,
        "output": 5,
        "web_search": 6,
    }
    assert {line.tier for line in read_anthropic_table([row], ValueReader())} == {"batch"}


def test_a_charge_has_its_period_and_its_currency_and_its_description_says_what_is_missing() -> None:
    result = {
        "amount": "250",
        "currency": "EUR",
        "description": "Claude Opus 4.5 Usage - Output Tokens, Batch",
        "model": None,
    }
    (line,) = read_anthropic(page(result), ValueReader())
    assert (line.provider, line.start.day, line.end and line.end.day) == ("anthropic", 5, 6)
    assert (line.model, line.kind, line.tier) == ("Claude Opus 4.5", "output", "batch")
    assert (line.cost, line.currency, line.account) == (Decimal("2.5"), "EUR", "")
    (line,) = read_anthropic(page({"amount": "1"}), ValueReader())
    assert (line.model, line.kind, line.tier) == ("", "", "")


def test_what_a_field_says_wins_over_the_description() -> None:
    result = {
        "amount": "1",
        "description": "Claude Opus 4.5 Usage - Output Tokens, Batch",
        "model": "m",
        "token_type": "cache_read_input_tokens",
        "cost_type": "web_search",
        "service_tier": "priority",
    }
    (line,) = read_anthropic(page(result), ValueReader())
    assert (line.model, line.kind, line.tier) == ("m", "cache_read", "priority")


def test_usage_has_its_model_its_tier_and_its_account() -> None:
    result = {
        "output_tokens": 5,
        "model": "m",
        "service_tier": "batch",
        "workspace_id": "w",
        "uncached_input_tokens": 0,
    }
    (line,) = read_anthropic(page(result), ValueReader())
    assert (line.provider, line.model, line.kind, line.tier, line.account) == (
        "anthropic",
        "m",
        "output",
        "batch",
        "w",
    )
    assert exact(line.quantity, line.cost, line.start.day, line.end and line.end.day) == (5, None, 5, 6)


def test_a_line_of_the_console_has_its_tier_and_its_workspace() -> None:
    row = {
        "usage_date_utc": "2026-10-05",
        "model": "Claude",
        "model_version": "claude-x",
        "workspace": "w",
        "usage_type": "batch",
    }
    for more in ({"cost_usd": "2", "token_type": "output"}, {"usage_output_tokens": "2"}):
        (line,) = read_anthropic_table([{**row, **more}], ValueReader())
        assert (line.provider, line.model, line.tier, line.account) == ("anthropic", "claude-x", "batch", "w")
        assert (line.kind, line.start.day, line.currency) == ("output", 5, "USD")
