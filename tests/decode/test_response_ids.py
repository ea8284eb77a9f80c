"""The id of an event: the body's, a header's where it can be trusted, and never the same for two calls."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from payi_transport.decode import response_ids
from payi_transport.decode.response_ids import ResponseIds, find_response_id
from payi_transport.providers.registry import REGISTRY
from payi_transport.routing.hosts import HostPattern
from payi_transport.values.event import Event, ParsedResponse

HEADERS = {"x-request-id": "req_1"}
OLLAMA = HostPattern("localhost", 11434)


def find(host: str, headers: Mapping[str, str] = HEADERS, body_id: str | None = None) -> str:
    return find_response_id(ParsedResponse(response_id=body_id), headers, HostPattern(host, None), REGISTRY)


@pytest.mark.parametrize(
    "host",
    [
        "api.openai.com",
        "us.api.openai.com",
        "mine.openai.azure.com",
        "mine.services.ai.azure.com",
        "api.anthropic.com",
        "bedrock-runtime.us-east-1.amazonaws.com",
        "bedrock-mantle.us-east-1.api.aws",
        "generativelanguage.googleapis.com",
        "us-central1-aiplatform.googleapis.com",
    ],
)
def test_a_header_has_the_id_where_a_provider_gives_each_request_one(host: str) -> None:
    assert find(host) == "req_1"
    assert find(host, {}).startswith("payi_")
    assert find(host, body_id="resp_1") == "resp_1"


@pytest.mark.parametrize(
    "host", ["llm.example.org", "api.groq.com", "api.cohere.com", "adb-1.2.azuredatabricks.net", "localhost"]
)
def test_a_header_of_any_other_host_may_echo_what_the_caller_sent(host: str) -> None:
    assert find(host).startswith("payi_")
    assert find(host, body_id="resp_1") == "resp_1"


def event(response_id: str = "chatcmpl-0", properties: dict[str, str] | None = None) -> Event:
    return Event(category="c", units={}, provider_response_id=response_id, properties=properties)


def test_an_id_that_came_before_from_the_same_host_gets_a_suffix() -> None:
    ids = ResponseIds()
    assert ids.distinguish(event(), OLLAMA, False) == event()
    found = [ids.distinguish(event(properties={"a": "b"}), OLLAMA, False) for _ in range(2)]
    assert all(one.provider_response_id.startswith("chatcmpl-0_") for one in found)
    assert len({one.provider_response_id for one in found}) == 2
    assert {str(one.properties) for one in found} == {str({"a": "b", "provider.response_id": "chatcmpl-0"})}
    for other in (event("chatcmpl-1"), event("chatcmpl-2")):
        assert ids.distinguish(other, OLLAMA, False) == other


def test_another_host_may_use_the_same_ids() -> None:
    ids = ResponseIds()
    hosts = (OLLAMA, OLLAMA._replace(port=8080), HostPattern("api.openai.com", None))
    assert [ids.distinguish(event(), host, False) for host in hosts] == [event()] * 3


def test_what_is_fetched_by_its_id_keeps_it() -> None:
    ids = ResponseIds()
    assert [ids.distinguish(event(), OLLAMA, True) for _ in range(2)] == [event()] * 2
    assert ids.distinguish(event(), OLLAMA, False) != event()


def test_the_oldest_ids_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_ids, "_MAX_REMEMBERED", 2)
    ids = ResponseIds()
    for name in ("a", "b", "a", "c"):
        ids.distinguish(event(name), OLLAMA, False)
    # `a` was seen after `b`.
    assert ids.distinguish(event("b"), OLLAMA, False) == event("b")
    assert ids.distinguish(event("c"), OLLAMA, False) != event("c")


def test_ten_thousand_ids_are_remembered() -> None:
    ids = ResponseIds()
    for number in range(10_001):
        ids.distinguish(event(str(number)), OLLAMA, True)
    assert ids.distinguish(event("1"), OLLAMA, False) != event("1")
    assert ids.distinguish(event("0"), OLLAMA, False) == event("0")
