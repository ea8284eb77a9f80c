"""Explanations say what becomes of a request, why, and what is closest to a match."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport import PayiError
from payi_transport.commands.examples import EXAMPLES
from payi_transport.commands.explain import REGIONAL, Explanation, describe, explain_url
from payi_transport.config import check_config, collect_host_mappings
from payi_transport.dialects.table import DIALECTS
from payi_transport.names import PayiCategories
from payi_transport.routing.hosts import find_known
from payi_transport.routing.paths import find_operation

CHAT = "/v1/chat/completions"
OPENAI = {"price_as_category": "system.openai"}


def explain(url: str, host_mappings: dict[str, Any] | None = None, **more: Any) -> Explanation:
    settings = check_config({"host_mappings": host_mappings or {}})
    return explain_url(url, mappings=collect_host_mappings(settings), **more)


@pytest.mark.parametrize(
    ("url", "category", "row"),
    [
        (f"https://api.openai.com{CHAT}", "system.openai", "built-in row api.openai.com"),
        (f"HTTPS://API.OpenAI.com:443{CHAT}", "system.openai", "built-in row api.openai.com"),
        (f"api.openai.com{CHAT}", "system.openai", "built-in row api.openai.com"),
        (f"  eu.api.openai.com{CHAT}", "system.openai", "built-in row *.api.openai.com"),
        (
            "https://me.openai.azure.com/openai/deployments/d/chat/completions?api-version=1",
            "system.azureopenai",
            "built-in row *.openai.azure.com",
        ),
        (
            f"https://me.services.ai.azure.com/openai{CHAT}",
            "system.azureopenai",
            "*.services.ai.azure.com, and the path tells the category",
        ),
        (f"llm.corp.example{CHAT}", "system.openai", "your mapping *.corp.example"),
        (f"http://localhost:8000{CHAT}", "my.category", "your mapping localhost:8000"),
        (f"http://[::1]:8000{CHAT}", "system.openai", "your mapping [::1]"),
    ],
)
def test_an_observed_request_is_told_with_the_row_that_matched(url: str, category: str, row: str) -> None:
    mappings = {
        "*.corp.example": OPENAI,
        "http://localhost:8000/v1": {"price_as_category": "my.category"},
        "[::1]": OPENAI,
    }
    explanation = explain(url, mappings)
    assert explanation.observed
    assert explanation.category == category
    assert explanation.operation == "openai.chat"
    assert row in explanation.because[0]
    assert explanation.near == ()
    assert explanation.config is None


def test_a_mapping_goes_before_the_built_in_row() -> None:
    explanation = explain(f"https://api.openai.com{CHAT}", {"api.openai.com": {"price_as_category": "mine"}})
    assert explanation.category == "mine"
    assert "your mapping api.openai.com" in explanation.because[0]


@pytest.mark.parametrize(
    ("url", "mappings", "says", "key", "category"),
    [
        ("https://api.opnai.com", {}, "api.openai.com is spelled nearly", "api.opnai.com", "system.openai"),
        ("https://openai.com", {}, "api.openai.com is spelled nearly", "openai.com", "system.openai"),
        (
            "https://api.anthropic.co",
            {},
            "known host api.anthropic.com is spelled",
            "api.anthropic.co",
            "system.anthropic",
        ),
        (
            "https://me.openai.azur.com",
            {},
            "*.openai.azure.com is spelled",
            "me.openai.azur.com",
            "system.azureopenai",
        ),
        (
            "https://me-openai.azure.com",
            {},
            "*.openai.azure.com is spelled",
            "me-openai.azure.com",
            "system.azureopenai",
        ),
        (
            "https://openai.azure.com",
            {},
            "is for hosts below openai.azure.com",
            "openai.azure.com",
            "system.azureopenai",
        ),
        (
            "https://x.api.anthropic.com",
            {},
            "is for that host alone",
            "*.api.anthropic.com",
            "system.anthropic",
        ),
        (
            "https://bedrock-runtime.ap-southeast-2.amazonaws.co",
            {},
            "amazonaws.com is spelled nearly",
            "bedrock-runtime.ap-southeast-2.amazonaws.co",
            "system.aws.bedrock",
        ),
        ("http://gw:9000", {"gw:8000": OPENAI}, "gw:8000 is for another port than 9000", "gw:9000", None),
        ("http://gw", {"gw:8000": OPENAI}, "another port than the default", "gw", None),
        ("http://a.gw:9000", {"*.gw:8000": OPENAI}, "*.gw:8000 is for another port", "a.gw:9000", None),
        ("http://[::1]:9000", {"[::1]:8000": OPENAI}, "[::1]:8000 is for another port", "[::1]:9000", None),
        (
            "http://a.gw.example",
            {"gw.example": OPENAI},
            "*.gw.example for all below it",
            "*.gw.example",
            None,
        ),
        (
            "http://a.gw.example:8000",
            {"gw.example:8000": OPENAI},
            "for that host alone",
            "*.gw.example:8000",
            None,
        ),
        ("http://gw.example", {"*.gw.example": OPENAI}, "for hosts below gw.example", "gw.example", None),
        ("http://gw.exmple", {"gw.example": OPENAI}, "your mapping gw.example is spelled", "gw.exmple", None),
        ("http://a.gw.exmple", {"*.gw.example": OPENAI}, "*.gw.example is spelled", "a.gw.exmple", None),
        ("http://api.opnai.com", {"api.opensky.com": OPENAI}, "api.openai.com is", "api.opnai.com", None),
    ],
)
def test_the_near_miss_of_a_host_is_named_with_the_mapping_to_add(
    url: str, mappings: dict[str, Any], says: str, key: str, category: str | None
) -> None:
    explanation = explain(url + CHAT, mappings)
    assert not explanation.observed
    assert says in explanation.near[0]
    assert explanation.config == {"host_mappings": {key: {"price_as_category": category or "system.openai"}}}


def test_of_two_rows_that_are_as_close_the_users_own_is_named() -> None:
    explanation = explain(f"https://api.openai.coo{CHAT}", {"api.openai.com": {"include_usage": True}})
    assert "your mapping api.openai.com" in explanation.near[0]


@pytest.mark.parametrize(
    "host",
    ["api.example.com", "api.groq.com", "api.mistral.ai", "api.cohere.com", "localhost", "127.0.0.1:8000"],
)
def test_a_host_that_only_looks_like_any_other_has_no_near_miss(host: str) -> None:
    explanation = explain(host + CHAT, {"gw.internal": OPENAI})
    assert explanation.near == ("no known host and no mapping is like it",)
    assert explanation.because == (f"{host} is in no row of the built-in table and no mapping",)
    assert explanation.config == {"host_mappings": {host: OPENAI}}


@pytest.mark.parametrize("url", [f"http://api.opnai.com{CHAT}", f"http://x.gw{CHAT}", f"http://gw:1{CHAT}"])
def test_the_mapping_that_is_told_makes_the_request_observed(url: str) -> None:
    mappings = {"gw:8000": OPENAI}
    config = explain(url, mappings).config
    assert config is not None
    assert explain(url, {**mappings, **config["host_mappings"]}).observed


def test_a_category_that_can_not_be_guessed_is_left_to_the_user_with_the_choices() -> None:
    explanation = explain("http://localhost:8000/api/make")
    assert explanation.config == {"host_mappings": {"localhost:8000": {"price_as_category": "<category>"}}}
    text = describe(explanation)
    assert "one of system.anthropic" in text
    assert "is no LLM call" in text


@pytest.mark.parametrize(
    ("method", "path", "meant"),
    [
        ("GET", "/v1/chat/completions", "POST /v1/chat/completions"),
        ("post", "/v1/chat/completions/", "POST /v1/chat/completions"),
        ("POST", "/V1/Chat/Completions", "POST /v1/chat/completions"),
        ("POST", "/v1/chat/completion", "POST /v1/chat/completions"),
        ("POST", "/v1/chats/completions", "POST /v1/chat/completions"),
        ("POST", "/api/v2/chat/complete", "POST /api/v2/chat/completions"),
        ("POST", "/v1", "POST /v1/chat/completions"),
        ("POST", "/openai/v1beta/", "POST /openai/v1beta/chat/completions"),
        ("POST", "", "POST /v1/chat/completions"),
        ("POST", "/v1/files", None),
        ("GET", "/v1/models/gpt-5", None),
    ],
)
@pytest.mark.parametrize("host", ["api.openai.com", "somewhere.example"])
def test_a_path_that_is_no_call_is_told_with_the_call_it_was_meant_for(
    host: str, method: str, path: str, meant: str | None
) -> None:
    explanation = explain(f"https://{host}{path}", method=method)
    assert not explanation.observed
    assert explanation.operation is None
    assert "is no LLM call that this version reads" in explanation.because[-1]
    said = [near for near in explanation.near if "wire format" in near]
    assert said == ([f"{meant} is a call in the wire format openai.chat"] if meant else [])


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("https://api.anthropic.com", "POST /v1/messages"),
        ("https://api.anthropic.com/v1/", "POST /v1/messages"),
        ("https://api.anthropic.com/v1/message", "POST /v1/messages"),
        ("https://api.openai.com/v1/message", "POST /v1/messages"),
        ("https://api.openai.com", "POST /v1/chat/completions"),
    ],
)
def test_an_address_that_names_no_call_is_told_the_one_that_its_host_usually_gets(
    url: str, meant: str
) -> None:
    [near] = explain(url).near
    assert near.startswith(f"{meant} is a call in the wire format")


ANTHROPIC = {
    "https://api.anthropic.com/v1/messages?beta=true": ("anthropic.messages", "system.anthropic"),
    "https://my.services.ai.azure.com/anthropic/v1/messages": ("anthropic.messages", "system.azure"),
    "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages": (
        "anthropic.messages",
        "system.aws.bedrock",
    ),
    "https://dbc-1.cloud.databricks.com/serving-endpoints/anthropic/v1/messages": (
        "anthropic.messages",
        "system.databricks.aws",
    ),
    **{
        f"https://{host}/v1/projects/p/locations/l/publishers/anthropic/models/claude@1:{verb}": (
            "anthropic.vertex",
            "system.google.vertex",
        )
        for host in (
            "aiplatform.googleapis.com",
            "us-east5-aiplatform.googleapis.com",
            "aiplatform.eu.rep.googleapis.com",
        )
        for verb in ("rawPredict", "streamRawPredict")
    },
}


@pytest.mark.parametrize(("url", "answer"), ANTHROPIC.items())
def test_every_host_of_anthropics_models_is_observed(url: str, answer: tuple[str, str]) -> None:
    explanation = explain(url)
    assert explanation.observed
    assert (explanation.operation, explanation.category) == answer


def test_a_category_that_the_instruments_leave_out_is_told() -> None:
    explanation = explain(f"https://api.openai.com{CHAT}", instruments=frozenset({"system.anthropic"}))
    assert not explanation.observed
    assert explanation.because[1] == "system.openai is none of the instruments given: system.anthropic"
    assert explanation.near == ("add system.openai to them",)


def test_a_family_of_instruments_covers_its_members() -> None:
    url = f"https://me.openai.azure.com{CHAT}"
    assert explain(url, instruments=frozenset({"system.azure"})).observed


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:s3cret@api.openai.com{CHAT}?key=s3cret#s3cret",
        f"user:s3cret@api.openai.com{CHAT}?u=http://s3cret/",
        f"http://s3cret@nowhere.example:8000{CHAT}?s3cret",
    ],
)
def test_neither_query_nor_credentials_are_told(url: str) -> None:
    explanation = explain(url)
    assert "s3cret" not in describe(explanation)
    assert CHAT in explanation.url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "/v1/chat/completions",
        "https://",
        "ftp://host/x",
        "https://user:s3cret/x@host/",
        "https://host:s3cret/",
        "https://s3cret_%%/",
        "http://[::1",
        "-",
    ],
)
def test_what_is_no_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(PayiError, match="URL: expected http or https") as refused:
        explain(url)
    assert "s3cret" not in str(refused.value)


def test_a_path_is_shown_as_it_is_on_the_wire() -> None:
    assert explain("https://api.openai.com/v1/a b\x1b/%41").url == "https://api.openai.com/v1/a%20b%1B/%41"


def test_a_description_has_a_line_for_each_part() -> None:
    assert describe(explain(f"http://api.opnai.com{CHAT}")).splitlines() == [
        "POST http://api.opnai.com/v1/chat/completions",
        "",
        "Observed     no",
        "Wire format  openai.chat",
        "Because      api.opnai.com is in no row of the built-in table",
        "Near miss    the known host api.openai.com is spelled nearly like it; a typo?",
        "",
        "To observe it as it is, add to the config:",
        '  {"host_mappings": {"api.opnai.com": {"price_as_category": "system.openai"}}}',
    ]


def test_a_description_of_an_observed_request_has_nothing_to_add() -> None:
    text = describe(explain(f"https://api.openai.com{CHAT}"))
    assert "Observed     yes" in text
    assert "Near miss" not in text
    assert "add" not in text


def test_every_wire_format_has_an_example() -> None:
    assert set(EXAMPLES) == set(DIALECTS)
    for operation, example in EXAMPLES.items():
        assert find_operation(example.method, example.path) == operation


def test_every_host_with_a_region_is_known() -> None:
    categories = [match.category for host in REGIONAL if (match := find_known(host))]
    bedrock, google = PayiCategories.aws_bedrock, PayiCategories.google_vertex
    assert categories == [bedrock, bedrock, google]
