"""One call on the page: all that is known of it, what it cost, and where its names lead."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.call import CALL
from payi_transport.serve.rows import DetailLine
from payi_transport.serve.service import Service
from tests.serve.events import NOON, item, make_items
from tests.serve.page.rendering import Shown, make_client, make_page, show

NOW = NOON + timedelta(hours=1)
SOURCE = "the price list of genai-prices"
FULL: dict[str, Any] = {
    "account_name": "acme",
    "user_id": "ann",
    "use_case_name": "chat",
    "use_case_id": "one",
    "use_case_step": "plan",
    "properties": {"environment": "test"},
    "use_case_properties": {"tier": "gold"},
    "request_tags": ["web", "api"],
    "end_to_end_latency_ms": 4500,
    "time_to_first_token_ms": 850,
    "provider_uri": "https://api.openai.com/v1/x",
    "provider_request_json": '{"a": ["\u00fc"]}',
    "provider_response_json": "not JSON",
    "provider_response_function_calls": [{"name": "f", "arguments": "{}"}, {"name": "g"}],
    "provider_response_id": "r-1",
    "units": {"text": {"input": 1000, "output": 500}, "unheard_of": {"input": 2}},
}


def show_call(service: Service, path: str = "/calls/1", **query: str) -> Shown:
    return show(CALL, service.queries, make_page(path, NOW, **query))


def add(service: Service, **fields: Any) -> Shown:
    service.ingest_bulk(make_items(item(**fields)), updates=False).result()
    return show_call(service)


def test_a_call_shows_all_that_is_known_of_it(service: Service) -> None:
    shown = add(service, **FULL)
    facts = {
        "Time": "2026-03-10 12:00:00 (UTC)",
        "Provider": "system.openai",
        "Model": "gpt-4.1",
        "Status": "200",
        "Latency": "4.5 s",
        "First token after": "850 ms",
        "Address": "https://api.openai.com/v1/x",
        "Response id": "r-1",
        "Waste": "none",
    }
    owners = {"Use case": "chat", "Run": "one", "Step": "plan", "Customer": "acme", "User": "ann"}
    linked = {"Provider", "Model", *owners, "Environment"}
    rest = {**facts, **owners, "Environment": "test"}
    pairs = [
        (f"dt: {name}", f"{'a' if name in linked else 'span'}.value: {value}") for name, value in rest.items()
    ]
    assert shown.texts == [
        "a: ← Calls",
        "h2: What happened",
        *(words for pair in pairs[: len(facts)] for words in pair),
        "h2: Attribution",
        *(words for pair in pairs[len(facts) :] for words in pair),
        *("dt: Tags", "a.value: web", "a.value: api", "dt: Limits", "span.value: none"),
        "h2: Cost: ≥ $0.006",
        f"p.note: Priced by {SOURCE}, version {service.queries.call(1).detail.list_version}.",  # type: ignore[union-attr]
        "p.note: the price list has no rate for it",
        *("h2: Properties", "dt: environment", "span.value: test"),
        *("h2: Use case properties", "dt: tier", "span.value: gold"),
        *("h2: Functions that the model called", "dt: f", "span.value: {}", "dt: g"),
        *("h2: Request", 'pre: {\n  "a": [\n    "ü"\n  ]\n}'),
        *("h2: Response", "pre: not JSON"),
    ]


def test_each_name_leads_to_the_calls_that_have_it_in_the_same_span_and_zone(service: Service) -> None:
    add(service, **FULL)
    shown = show_call(service, span="30d", account="acme")
    names = {
        "system.openai": "category",
        "gpt-4.1": "model",
        "chat": "use_case",
        "one": "run",
        "plan": "step",
        "acme": "account",
        "ann": "user",
        "test": "environment",
        "web": "tag",
        "api": "tag",
    }
    back = "/calls?span=30d&zone=UTC&account=acme"
    assert shown.links == {
        "← Calls": back,
        **{name: f"/calls?span=30d&zone=UTC&{by}={name}" for name, by in names.items()},
    }


def test_a_call_without_an_owner_leads_to_those_without_one(service: Service) -> None:
    shown = add(service, resource=None, properties={"system.stream": "partial"}, http_status_code=299)
    assert shown.texts.count("a.value: none") == 7
    assert shown.texts[shown.texts.index("dt: Tags") :][:2] == ["dt: Tags", "span.value: none"]
    assert shown.links["none"].endswith("&environment=")
    assert "span.value: failed" in shown.texts and "span.value: no response" in shown.texts
    # The address, and both latencies.
    assert shown.texts.count("span.value: —") == 3
    assert shown.texts.count("p.note: Not recorded, or already deleted.") == 2
    assert not [words for words in shown.texts if "Functions" in words or "Use case properties" in words]


def test_limits_lead_to_the_limits(service: Service) -> None:
    limit = {"limit_name": "n", "limit_id": "L", "max": 1.0}
    service.store.write(lambda writing: put(writing, limit))
    shown = add(service, limit_ids=["L"])
    assert shown.links["L"] == "/budgets?zone=UTC"


def put(writing: Any, limit: dict[str, Any]) -> None:
    from payi_transport.serve.documents import put_document
    from payi_transport.serve.limits import LimitDocument

    made = LimitDocument(
        **{**limit, "max": Decimal(1)}, limit_type="allow", created=NOON - timedelta(days=1), updated=NOON
    )
    put_document(writing.connection, made, "L")


def test_each_unit_has_its_price_and_the_source_of_that(service: Service) -> None:
    shown = add(service, **FULL)
    assert shown.tables == {
        "Units of this call and their prices": [
            ["Unit", "Direction", "Count", "Per million", "Amount", "Price source"],
            ["text", "input", "1,000 [1000]", "$2.00 [$2.000000]", "$0.002 [$0.002000]", SOURCE],
            ["text", "output", "500", "$8.00 [$8.000000]", "$0.004 [$0.004000]", SOURCE],
            ["unheard_of", "input", "2", "—", "—", "—, the price list has no rate for it"],
        ]
    }
    assert shown.props("pre") == [
        {"role": "group", "tabindex": "0", "aria-label": title} for title in ("Request", "Response")
    ]


@pytest.mark.parametrize(
    ("fields", "title", "remark"),
    [
        ({}, "Cost: $0.006", f"Priced by {SOURCE}, version"),
        ({"resource": "unheard-of"}, "Cost: unpriced", "the price list has no price for unheard-of"),
        (
            {"properties": {"system.billing": "subscription"}},
            "Cost: included",
            "Priced by the provider's own",
        ),
        ({"units": {}}, "Cost: $0.00", "nothing was used that is billed"),
    ],
    ids=["priced", "unpriced", "included", "nothing"],
)
def test_a_cost_is_an_amount_or_a_word_with_a_reason(
    fields: dict[str, Any], title: str, remark: str, service: Service
) -> None:
    shown = add(service, **fields)
    assert f"h2: {title}" in shown.texts
    assert [words for words in shown.texts if words.startswith(f"p.note: {remark}")]
    assert ("p.note: No units were reported." in shown.texts) is (fields.get("units") == {})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (DetailLine("u", "input", 1, source="payi"), "Pay-i's own figure"),
        (DetailLine("u", "input", 1, source="config", note="a note"), "your configuration, a note"),
        (DetailLine("u", "input", 1, source="provider"), "the provider's own figure"),
        (DetailLine("u", "input", 1, source="another"), "another"),
    ],
)
def test_a_source_is_in_words(line: DetailLine, words: str, service: Service) -> None:
    add(service)
    found = service.queries.call(1)
    assert found is not None
    found.detail.lines, found.detail.list_version = [line], ""
    client = make_client()
    with client:
        CALL.show(make_page("/calls/1", NOW), found)
    shown = Shown(client.content)
    [_, row] = shown.tables["Units of this call and their prices"]
    assert row[-1] == words
    assert f"p.note: Priced by {SOURCE}." in shown.texts


@pytest.mark.parametrize("path", ["/calls/2", "/calls/x", "/calls/"])
def test_a_call_that_there_is_not_may_be_too_old(path: str, service: Service) -> None:
    add(service)
    assert show_call(service, path).texts == [
        "a: ← Calls",
        "p.empty: This call does not exist. It may be older than what --keep retains.",
    ]


def test_the_title_names_the_call_and_its_model(service: Service) -> None:
    add(service)
    page = make_page("/calls/1", NOW)
    assert CALL.title_of is not None
    assert CALL.title_of(page, service.queries.call(1)) == "Call 1: gpt-4.1"
    assert CALL.title_of(page, None) == "Call"
    assert (CALL.in_menu, CALL.has_span, CALL.has_filters) == (False, False, False)
