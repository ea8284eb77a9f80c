"""Proxy mode: where a request goes, and what it tells Pay-i on the way."""

from __future__ import annotations

import base64
import json

import pytest

from payi_transport.context.frame import Frame
from payi_transport.providers.registry import Registry
from payi_transport.rewrite.proxy import Proxy, is_private
from payi_transport.routing.hosts import HostMapping, HostTable, parse_host
from payi_transport.routing.routes import Route, Routes

BASE = "https://api.pay-i.com/"
PROXY = Proxy(BASE, "key")
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com"
VERTEX = "https://us-east5-aiplatform.googleapis.com"
MODELS = "projects/p/locations/us-east5/publishers/{}/models/m@1"


def find_route(url: str, proxy: Proxy = PROXY) -> Route:
    host, _, path = url.removeprefix("https://").partition("/")
    pattern = parse_host(host)
    table = HostTable({**proxy.hosts(), parse_host("vllm.test"): HostMapping("system.openai", None)})
    route = Routes(table).find("POST", "https", pattern.host, pattern.port, f"/{path}")
    assert route is not None
    return route


def headers_of(proxy: Proxy, url: str, frame: Frame) -> dict[str, str]:
    rewrite = proxy.rewrite(find_route(url, proxy), frame)
    assert rewrite is not None
    assert rewrite.counted
    pairs = zip(rewrite.headers[::2], rewrite.headers[1::2], strict=True)
    return {name.decode().lower(): value.decode() for name, value in pairs}


@pytest.mark.parametrize(
    ("url", "base", "told"),
    [
        ("https://api.openai.com/v1/responses", "openai", None),
        ("https://eu.api.openai.com/v1/responses", "openai", "https://eu.api.openai.com"),
        (
            "https://x.openai.azure.com/openai/deployments/d/chat/completions",
            "azure.openai",
            "https://x.openai.azure.com",
        ),
        ("https://api.anthropic.com/v1/messages", "anthropic", None),
        (
            "https://x.services.ai.azure.com/anthropic/v1/messages",
            "azure.anthropic",
            "https://x.services.ai.azure.com",
        ),
        (
            "https://x.services.ai.azure.com/api/projects/p/openai/v1/responses",
            "azure.openai",
            "https://x.services.ai.azure.com",
        ),
        *[
            (f"{BEDROCK}/model/{model}/{verb}", "aws.bedrock", BEDROCK)
            for model in ("my-model", "arn%3Aaws%3Abedrock%2Fm", "arn:aws:bedrock:us-east-1:1:p/m")
            for verb in ("converse", "converse-stream", "invoke", "invoke-with-response-stream")
        ],
        *[
            (f"{VERTEX}/v1/{MODELS.format(publisher)}:{verb}", "google.vertex", VERTEX)
            for publisher, verb in (
                ("google", "generateContent"),
                ("google", "streamGenerateContent"),
                ("anthropic", "rawPredict"),
                ("anthropic", "streamRawPredict"),
            )
        ],
        ("https://api.openai.com/v1/embeddings", "openai", None),
        ("https://api.openai.com/v1/images/generations", "openai", None),
    ],
)
def test_a_request_goes_to_pay_i_with_the_providers_host_in_a_header(
    url: str, base: str, told: str | None
) -> None:
    rewrite = PROXY.rewrite(find_route(url), Frame())
    assert rewrite is not None
    assert rewrite.base == f"https://api.pay-i.com/api/v1/proxy/{base}"
    assert headers_of(PROXY, url, Frame()).get("xproxy-provider-baseuri") == told


@pytest.mark.parametrize(
    "url",
    [
        "https://vllm.test/v1/chat/completions",
        "https://x.cloud.databricks.com/serving-endpoints/chat/completions",
        "https://x.services.ai.azure.com/models/chat/completions",
        "https://api.openai.com/v1/completions",
        "https://api.openai.com/v1/audio/speech",
        "https://api.openai.com/v1/audio/transcriptions",
        "https://api.openai.com/v1/images/edits",
        "https://api.openai.com/v1/responses/compact",
        "https://api.openai.com/v1/responses/resp_1/cancel",
        "https://api.openai.com/v1/videos",
        "https://x.openai.azure.com/openai/deployments/d/audio/speech",
        "https://x.openai.azure.com/openai/v1/videos",
        f"{BEDROCK}/guardrail/g/version/1/apply",
        "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions",
        f"{VERTEX}/v1/{MODELS.format('google')}:predict",
        f"{VERTEX}/v1/{MODELS.format('google')}:embedContent",
        f"{VERTEX}/v1/publishers/google/models/m:generateContent",
        "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent",
        "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
    ],
)
def test_a_request_that_pay_i_does_not_forward_goes_to_its_provider(url: str) -> None:
    assert PROXY.rewrite(find_route(url), Frame()) is None


def test_the_context_goes_in_headers_and_properties_in_base64() -> None:
    frame = Frame(
        limit_ids=("a", "b"),
        request_tags=("t",),
        use_case_name="ü",
        use_case_id="i",
        use_case_version=3,
        use_case_step="s",
        user_id="u\r\nx: y",
        account_name="c",
        price_as_category="pc",
        price_as_resource="pr",
        resource_scope="global",
        request_properties={"k": "ä"},
        use_case_properties={"l": "w"},
        log_prompt_and_response=False,
    )
    headers = headers_of(PROXY, "https://api.openai.com/v1/responses", frame)
    properties = {
        name: json.loads(base64.b64decode(headers.pop(f"xproxy-{name}-properties")))
        for name in ("request", "usecase")
    }
    assert properties == {"request": {"k": "ä"}, "usecase": {"l": "w"}}
    assert headers == {
        "xproxy-api-key": "key",
        "xproxy-limit-ids": "a,b",
        "xproxy-request-tags": "t",
        "xproxy-usecase-name": "ü",
        "xproxy-usecase-id": "i",
        "xproxy-usecase-version": "3",
        "xproxy-usecase-step": "s",
        "xproxy-user-id": "u x: y",
        "xproxy-account-name": "c",
        "xproxy-priceas-category": "pc",
        "xproxy-priceas-resource": "pr",
        "xproxy-resource-scope": "global",
        "xproxy-logging-disable": "True",
    }


def test_a_client_that_is_set_up_for_pay_i_gets_the_context_alone() -> None:
    url = "https://api.pay-i.com/api/v1/proxy/openai/v1/chat/completions"
    rewrite = PROXY.rewrite(find_route(url), Frame(user_id="u"))
    assert rewrite is not None
    assert (rewrite.base, rewrite.counted) == (None, True)
    assert headers_of(PROXY, url, Frame(user_id="u")) == {"xproxy-api-key": "key", "xproxy-user-id": "u"}
    assert find_route(url).category == "system.openai"


@pytest.mark.parametrize("proxy", [Proxy("http://pay-i.example", "key"), Proxy("https://pay-i.example", "")])
def test_nothing_is_sent_unencrypted_or_without_a_key(proxy: Proxy) -> None:
    assert proxy.rewrite(find_route("https://api.openai.com/v1/responses", proxy), Frame(user_id="u")) is None
    through = f"{proxy.base_url}/api/v1/proxy/anthropic/v1/messages".replace("http://", "https://")
    rewrite = proxy.rewrite(find_route(through, proxy), Frame(user_id="u"))
    assert rewrite is not None
    assert rewrite.counted
    assert not rewrite.headers


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://api.pay-i.com", True),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("http://10.0.0.1", False),
        ("http://api.pay-i.com", False),
        ("http://localhost.example", False),
        ("ftp://localhost.example", False),
    ],
)
def test_plain_http_is_for_this_machine_alone(url: str, private: bool) -> None:
    assert is_private(url) is private


@pytest.mark.parametrize(
    "url", ["https://api.pay-i.com/api/v1/proxy/openai/v1/responses", "https://api.openai.com/v1/responses"]
)
def test_a_key_that_the_request_brings_stays_and_so_is_another_applications(url: str) -> None:
    own = frozenset({b"xproxy-api-key", b"xproxy-user-id"})
    rewrite = PROXY.rewrite(find_route(url), Frame(user_id="u"), own)
    assert rewrite is not None
    assert rewrite.headers == (b"xProxy-User-ID", b"u")
    assert rewrite.without == {b"xproxy-user-id"}


def test_a_client_that_is_set_up_for_vertex_through_pay_i_is_recognized() -> None:
    path = f"/api/v1/proxy/google.vertex/v1/{MODELS.format('google')}:generateContent"
    assert find_route(f"https://api.pay-i.com{path}").category == "system.google.vertex"


def test_what_is_forwarded_is_the_registrys_to_say() -> None:
    route = find_route("https://api.openai.com/v1/responses")
    assert Proxy(BASE, "key", Registry(())).rewrite(route, Frame()) is None


def test_a_traceback_shows_neither_the_key_nor_a_password() -> None:
    assert (
        repr(Proxy("https://u:pw@pay-i.test/base?x=y", "key")) == "Proxy(base_url='https://pay-i.test/base')"
    )
