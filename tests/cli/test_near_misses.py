"""Near misses: what an unobserved request comes closest to, and what to add to the config."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.cli.explain import describe
from tests.cli.explanations import CHAT, OPENAI, explain


@pytest.mark.parametrize(
    ("url", "mappings", "says", "key", "category"),
    [
        ("https://api.opnai.com", {}, "api.openai.com is spelled almost", "api.opnai.com", "system.openai"),
        ("https://openai.com", {}, "api.openai.com is spelled almost", "openai.com", "system.openai"),
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
            "amazonaws.com is spelled almost",
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
            "*.gw.example is for all hosts below it",
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


def test_of_two_equally_close_rows_the_users_own_is_named() -> None:
    explanation = explain(f"https://api.openai.coo{CHAT}", {"api.openai.com": {"include_usage": True}})
    assert "your mapping api.openai.com" in explanation.near[0]


@pytest.mark.parametrize(
    "host",
    [
        "api.example.com",
        "open.bigmodel.cn",
        "ai.internal.example",
        "integrate.api.nvidia.com",
        "localhost",
        "127.0.0.1:8000",
    ],
)
def test_a_host_that_is_similar_to_none_has_no_near_miss(host: str) -> None:
    explanation = explain(host + CHAT, {"gw.internal": OPENAI})
    assert explanation.near == ("no known host and no mapping is similar",)
    assert explanation.because == (f"{host} is not in the built-in table and not in your mappings",)
    assert explanation.config == {"host_mappings": {host: OPENAI}}


@pytest.mark.parametrize("url", [f"http://api.opnai.com{CHAT}", f"http://x.gw{CHAT}", f"http://gw:1{CHAT}"])
def test_the_suggested_mapping_makes_the_request_observed(url: str) -> None:
    mappings = {"gw:8000": OPENAI}
    config = explain(url, mappings).config
    assert config is not None
    assert explain(url, {**mappings, **config["host_mappings"]}).observed


def test_if_the_category_cannot_be_guessed_the_choices_are_listed() -> None:
    explanation = explain("http://localhost:8000/api/make")
    mapping = {"price_as_category": "<category>", "format": "<format>"}
    assert explanation.config == {"host_mappings": {"localhost:8000": mapping}}
    text = describe(explanation)
    assert "one of system.anthropic" in text
    assert "such as openai.chat" in text
    assert "is not an LLM call" in text


@pytest.mark.parametrize(
    ("method", "path", "meant"),
    [
        ("GET", "/v1/chat/completions", "POST /v1/chat/completions"),
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
def test_a_path_that_is_not_a_call_is_explained_with_the_call_it_was_meant_for(
    host: str, method: str, path: str, meant: str | None
) -> None:
    explanation = explain(f"https://{host}{path}", method=method)
    assert not explanation.observed
    assert explanation.operation is None
    assert "is not an LLM call that this version reads" in explanation.because[-1]
    said = [near for near in explanation.near if "is a call of" in near]
    assert said == ([f"{meant} is a call of openai.chat"] if meant else [])


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("https://api.anthropic.com", "POST /v1/messages"),
        ("https://api.anthropic.com/v1/", "POST /v1/messages"),
        ("https://api.anthropic.com/v1/message", "POST /v1/messages"),
        ("https://api.openai.com/v1/message", "POST /v1/messages"),
        ("https://api.openai.com", "POST /v1/chat/completions"),
        ("https://api.voyageai.com/v1", "POST /v1/embeddings"),
        ("https://api.groq.com/openai/", "POST /openai/v1/chat/completions"),
        ("https://me.openai.azure.com/openai", "POST /openai/v1/chat/completions"),
    ],
)
def test_a_url_that_names_no_call_is_explained_with_the_one_that_its_host_usually_gets(
    url: str, meant: str
) -> None:
    [near] = explain(url).near
    assert near.startswith(f"{meant} is a call of")


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("https://api.groq.com/openai/", "POST /openai/v1/chat/completions is a call of openai.chat"),
        ("https://me.openai.azure.com/openai", "POST /openai/v1/chat/completions is a call of openai.chat"),
        ("https://api.voyageai.com/v1", "POST /v1/embeddings is a call of openai.embeddings"),
        ("https://api.anthropic.com", "POST /v1/messages is a call of anthropic.messages"),
        ("https://api.openai.com/v1/embedding", "POST /v1/embeddings is a call of openai.embeddings"),
    ],
)
def test_the_call_that_was_meant_is_named_with_its_operation(url: str, near: str) -> None:
    assert explain(url).near == (near,)


@pytest.mark.parametrize(
    ("host", "key", "is_near"),
    [
        # Of five letters, one may be another.
        ("t.ab.ce", "*.ab.cd", True),
        ("t.ab.ef", "*.ab.cd", False),
        ("tenant-of-a-long-name.gw.exmple", "*.gw.example", True),
        ("a.b.c.d.gw.exmple", "*.gw.example", True),
        ("tenant.gw.exmple", "gw.example", False),
        ("gw.exampl", "*.gw.example", True),
    ],
)
def test_the_end_of_a_host_is_compared_with_a_mapping_of_hosts(host: str, key: str, is_near: bool) -> None:
    near = explain(f"https://{host}{CHAT}", {key: OPENAI}).near
    typo = f"your mapping {key} is spelled almost the same; a typo?"
    assert near == ((typo,) if is_near else ("no known host and no mapping is similar",))
