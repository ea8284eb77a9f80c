"""From bytes to an event, whatever the network and the provider did to them."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from payi_transport.dialects.table import DIALECTS
from payi_transport.event import Event, Units
from payi_transport.exchange import Exchange, Outcome
from payi_transport.reading.decode import Reading, decode
from payi_transport.reading.pricing import ModelMapping
from payi_transport.routing.hosts import HostPattern
from payi_transport.scopes.frame import Frame
from tests.exchanges import decode_case, make_exchange, shown
from tests.wire_cases import CASES, WireCase

by_name = {case.name: case for case in CASES}
UNARY, STREAM = by_name["openai/chat_unary"], by_name["openai/chat_stream"]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


operations = st.sampled_from(sorted(DIALECTS))


def read(exchange: Exchange, reading: Reading | None = None) -> Event:
    event = decode(exchange, reading or Reading())
    assert event is not None
    return event


def timeless(event: Any) -> Any:
    """An event without what differs from run to run."""
    return msgspec.structs.replace(
        event, event_timestamp=None, end_to_end_latency_ms=None, time_to_first_token_ms=None
    )


@every_case
def test_a_recorded_body_makes_its_event(case: WireCase) -> None:
    assert shown(decode_case(case), case.event) == case.event


@every_case
def test_an_event_holds_no_field_that_the_case_does_not_expect(case: WireCase) -> None:
    event = decode_case(case)
    if "properties" not in case.event:
        assert event.properties is None
    if "provider_response_function_calls" not in case.event:
        assert event.provider_response_function_calls is None


@settings(max_examples=60)
@given(data=st.data())
@every_case
def test_an_event_does_not_depend_on_how_the_network_cut_the_body(
    case: WireCase, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(case.answer)), max_size=12)))
    edges = [0, *cuts, len(case.answer)]
    chunks = [case.answer[a:b] for a, b in itertools.pairwise(edges)]
    pieces, whole = decode_case(case, chunks), decode_case(case, [case.answer])
    if whole.provider_response_id.startswith("payi_"):
        pieces = msgspec.structs.replace(pieces, provider_response_id=whole.provider_response_id)
    assert timeless(pieces) == timeless(whole)


@every_case
def test_an_event_is_the_same_byte_by_byte(case: WireCase) -> None:
    event = decode_case(case, [bytes([byte]) for byte in case.answer])
    assert shown(event, case.event) == case.event


def deflate_bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", deflate_bare),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
        ("gzip, br", lambda body: brotli.compress(gzip.compress(body))),
    ],
)
@pytest.mark.parametrize("case", [UNARY, STREAM], ids=lambda case: case.name)
def test_a_compressed_body_makes_the_same_event(
    case: WireCase, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(case.answer)
    event = decode_case(case, [packed[:7], packed[7:]], headers={"content-encoding": coding})
    assert shown(event, case.event) == case.event


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate", "rot13"])
def test_a_body_that_can_not_be_inflated_makes_an_event_without_units(coding: str) -> None:
    event = decode_case(UNARY, [b"this is no compressed body"], headers={"content-encoding": coding})
    assert event.units == {}
    assert event.http_status_code == 200
    assert event.provider_response_json is None


@given(
    body=st.binary(max_size=300) | st.text(max_size=100).map(str.encode),
    request=st.binary(max_size=60),
    status=st.integers(100, 599),
    content_type=st.sampled_from(
        [
            "text/event-stream",
            "application/vnd.amazon.eventstream",
            "application/json",
            "",
            ";;",
            "text/html; charset=x",
        ]
    ),
    coding=st.sampled_from(["", "gzip", "br", "zstd", "nonsense"]),
    outcome=st.sampled_from(Outcome),
    operation=operations,
)
def test_garbage_is_never_an_exception(
    body: bytes,
    request: bytes,
    status: int,
    content_type: str,
    coding: str,
    outcome: Outcome,
    operation: str,
) -> None:
    case = WireCase("garbage", request, body, status, {"content-type": content_type}, {}, operation)
    event = decode(make_exchange(case, [body], headers={"content-encoding": coding}, outcome=outcome))
    assert event is None or event.http_status_code == status
    msgspec.json.encode(event)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
chat_like = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("id", "model", "choices", "usage", "error", "service_tier", "object"), json_values
    ),
)


@given(document=chat_like, streams=st.booleans(), operation=operations)
def test_json_with_every_field_of_any_type_is_never_an_exception(
    document: dict[str, Any], streams: bool, operation: str
) -> None:
    data = msgspec.json.encode(document)
    body = b"data: " + data + b"\n\n" if streams else data
    kind = "text/event-stream" if streams else "application/json"
    case = WireCase("any", data, body, 200, {"content-type": kind}, {}, operation)
    msgspec.json.encode(decode(make_exchange(case, [body])))


@given(document=json_values, status=st.integers(400, 599), operation=operations)
def test_an_error_body_of_any_shape_makes_an_event(document: Any, status: int, operation: str) -> None:
    body = msgspec.json.encode({"error": document})
    event = decode_case(
        WireCase("any", b"{}", body, status, {"content-type": "application/json"}, {}, operation), [body]
    )
    assert event.http_status_code == status
    msgspec.json.encode(event)


@every_case
@pytest.mark.parametrize("outcome", Outcome, ids=lambda outcome: outcome.value)
def test_without_content_neither_prompt_nor_answer_is_in_the_event(case: WireCase, outcome: Outcome) -> None:
    event = decode_case(case, log_content=False, outcome=outcome)
    written = msgspec.json.encode(event)
    assert event.provider_request_json is None
    assert event.provider_response_json is None
    for secret in (
        b"Boston",
        b"weather",
        b"Hello",
        b"helpful",
        b"temperature",
        b"quota.",
        b"maintenance",
        b"sk-",
    ):
        assert secret not in written
    assert event.units == decode_case(case, outcome=outcome).units


def test_a_finished_exchange_forgets_its_content() -> None:
    exchange = make_exchange(STREAM, body_limit=10)
    exchange.forget()
    assert not exchange.chunks and not exchange.tail and exchange.request_body is None


def test_the_usage_of_a_stream_over_the_limit_is_read_from_its_tail() -> None:
    words = STREAM.chunks()
    chunks = [words[0], *words[1:-3] * 400, *words[-3:]]
    event = decode_case(STREAM, chunks, body_limit=2000)
    assert shown(event, ["units"]) == {"units": STREAM.event["units"]}


@pytest.mark.parametrize("name", ["converse_stream", "anthropic_stream"])
def test_the_usage_of_a_binary_stream_over_the_limit_is_read_from_its_tail(name: str) -> None:
    case = by_name[f"bedrock/{name}"]
    words = case.chunks()
    # Cut where the network likes to, not where a message ends.
    body = b"".join([words[0], *words[1:-3] * 400, *words[-3:]])
    event = decode_case(case, [body[at : at + 100] for at in range(0, len(body), 100)], body_limit=2000)
    assert event.units["text"].output == case.event["units"]["text"]["output"]
    assert event.properties == case.event["properties"]


def test_a_document_just_over_the_limit_is_still_whole() -> None:
    event = decode_case(UNARY, [UNARY.answer[:100], UNARY.answer[100:]], body_limit=150)
    assert shown(event, UNARY.event) == UNARY.event


SECRETS = {
    "Authorization": "Bearer sk-secret",
    "api-key": "sk-secret",
    "X-Api-Key": "sk-secret",
    "Cookie": "session=sk-secret",
    "x-goog-api-key": "sk-secret",
}


def test_credentials_and_cookies_never_reach_the_event() -> None:
    event = decode_case(
        UNARY,
        request_headers={**SECRETS, "User-Agent": "OpenAI/Python", "X-Team": "blue"},
        headers={
            "Set-Cookie": "__cf_bm=sk-secret",
            "x-ratelimit-remaining-tokens": "9",
            "content-length": "1",
        },
    )
    assert b"sk-secret" not in msgspec.json.encode(event)
    assert [(h.name, h.value) for h in event.provider_request_headers or ()] == [
        ("user-agent", "OpenAI/Python")
    ]
    assert [h.name for h in event.provider_response_headers or ()] == ["x-ratelimit-remaining-tokens"]


def test_more_request_headers_are_recorded_when_asked_for_but_no_credential_is() -> None:
    exchange = make_exchange(UNARY, request_headers={**SECRETS, "X-Team": "blue"})
    event = read(exchange, Reading(more_headers=frozenset({"x-team", "authorization"})))
    assert [(h.name, h.value) for h in event.provider_request_headers or ()] == [("x-team", "blue")]


def test_a_response_header_that_comes_twice_is_joined() -> None:
    exchange = make_exchange(UNARY)
    exchange.response_headers += (b"X-Via", b"one", b"x-via", b"two")
    headers = {h.name: h.value for h in read(exchange).provider_response_headers or ()}
    assert headers["x-via"] == "one, two"


def test_a_call_without_any_answer_has_status_299_and_the_failure() -> None:
    exchange = make_exchange(UNARY, [])
    exchange.status = None
    exchange.error = ("ConnectError", "no route to https://api.openai.com/v1/x?api_key=sk-secret&b=1 at all")
    event = read(exchange)
    assert event.http_status_code == 299
    assert event.units == {}
    assert event.resource == "gpt-4.1"
    assert event.properties == {
        "system.failure": "ConnectError",
        "system.failure.description": "no route to https://api.openai.com/v1/x at all",
    }
    assert event.provider_response_id.startswith("payi_")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("url: /v1beta/x:generate?key=sk-secret (Caused by Y)", "url: /v1beta/x:generate (Caused by Y)"),
        ("for url '/x?q='a'&key=sk-secret'", "for url '/x"),
        ("https://a.test?key=sk-secret", "https://a.test"),
        ("Illegal header value b'Bearer sk-secret\\n'", "OddError"),
        ("illegal Header line: bytearray(b'set-cookie sk-secret')", "OddError"),
        ("What now?", "What now?"),
    ],
)
def test_an_exception_is_told_without_the_credentials_that_it_quotes(text: str, told: str) -> None:
    exchange = make_exchange(UNARY, [])
    exchange.status = None
    exchange.error = ("OddError", text)
    assert (read(exchange).properties or {})["system.failure.description"] == told


def test_a_stream_that_broke_says_how_and_is_partial() -> None:
    exchange = make_exchange(STREAM, STREAM.chunks()[:4], outcome=Outcome.FAILED)
    exchange.error = ("RemoteProtocolError", "")
    event = read(exchange)
    assert event.properties == {
        "system.stream": "partial",
        "system.failure": "RemoteProtocolError",
        "system.failure.description": "RemoteProtocolError",
    }


def test_a_stream_closed_behind_its_last_word_is_complete() -> None:
    assert decode_case(STREAM, outcome=Outcome.CLOSED).properties is None


def test_a_stream_closed_before_its_usage_is_partial() -> None:
    event = decode_case(STREAM, STREAM.chunks()[:-2], outcome=Outcome.CLOSED)
    assert event.properties == {"system.stream": "partial"}
    assert event.units == {}


@pytest.mark.parametrize(("sent", "expected"), [("0", None), ("2", {"system.retry": "2"})])
def test_a_retry_of_the_sdk_is_told_as_a_property(sent: str, expected: dict[str, str] | None) -> None:
    assert decode_case(UNARY, request_headers={"x-stainless-retry-count": sent}).properties == expected


def test_who_the_call_is_for_is_in_the_event() -> None:
    frame = Frame(
        limit_ids=("a", "b"),
        use_case_name="grüße",
        use_case_id="1",
        use_case_version=3,
        use_case_step="plan",
        user_id="日本",
        account_name="🎉",
        request_properties={"team": "blue"},
        use_case_properties={"tier": "gold"},
        request_tags=("x",),
        resource_scope="region.eu",
    )
    expected = {
        "limit_ids": ["a", "b"],
        "use_case_name": "grüße",
        "use_case_id": "1",
        "use_case_version": 3,
        "use_case_step": "plan",
        "user_id": "日本",
        "account_name": "🎉",
        "properties": {"team": "blue"},
        "use_case_properties": {"tier": "gold"},
        "request_tags": ["x"],
        "scope": "region.eu",
    }
    assert shown(decode_case(UNARY, context=frame), expected) == expected


def test_the_price_of_the_context_wins_over_host_and_model() -> None:
    frame = Frame(price_as_category="system.azure", price_as_resource="gpt-cheap")
    event = decode_case(UNARY, context=frame)
    assert (event.category, event.resource) == ("system.azure", "gpt-cheap")


@pytest.mark.parametrize(
    ("request_body", "answer_model", "resource"),
    [
        (b'{"model":"asked"}', "answered", "asked"),
        (b"{}", "answered", "answered"),
        (b'{"model":7}', "answered", "answered"),
        (b"", None, "system.unknown_model"),
    ],
)
def test_the_resource_is_the_model_that_was_asked_for(
    request_body: bytes, answer_model: str | None, resource: str
) -> None:
    body = msgspec.json.encode({"id": "x", "model": answer_model})
    case = WireCase("model", request_body, body, 200, {"content-type": "application/json"}, {})
    assert decode_case(case).resource == resource


def test_a_request_body_that_is_no_text_is_left_out() -> None:
    case = WireCase("binary", b"\xff\xfe", UNARY.answer, 200, UNARY.headers, {})
    assert decode_case(case).provider_request_json is None


def test_a_compressed_body_over_the_limit_gives_what_its_beginning_says() -> None:
    noise = [b": %d\n\n" % number for number in range(20000)]
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    packed = [
        packer.compress(b"".join([*STREAM.chunks()[:3], *noise])) + packer.flush(zlib.Z_FULL_FLUSH),
        packer.compress(STREAM.chunks()[-2]) + packer.flush(),
    ]
    chunks = [packed[0][i : i + 100] for i in range(0, len(packed[0]), 100)] + packed[1:]
    event = decode_case(STREAM, chunks, body_limit=2000, headers={"content-encoding": "gzip"})
    assert event.provider_response_id == STREAM.event["provider_response_id"]
    assert event.properties == {"system.stream": "partial"}


def test_work_that_is_only_queued_makes_no_event() -> None:
    body = b'{"id":"resp_1","object":"response","status":"queued","model":"m","output":[],"usage":null}'
    case = WireCase("queued", b"{}", body, 200, UNARY.headers, {}, operation="openai.responses")
    assert decode(make_exchange(case)) is None


AZURE = {"category": "system.azureopenai"}


@pytest.mark.parametrize(
    ("route", "headers", "resource"),
    [
        (AZURE, {"x-ms-deployment-name": "mine"}, "mine"),
        ({"category": "system.azure"}, {"X-Ms-Deployment-Name": "mine"}, "mine"),
        ({**AZURE, "resource": "in-path"}, {"x-ms-deployment-name": "mine"}, "in-path"),
        ({**AZURE, "resource": "in-path"}, {}, "in-path"),
        (AZURE, {"x-ms-deployment-name": ""}, "gpt-4.1"),
        (AZURE, {}, "gpt-4.1"),
        ({}, {"x-ms-deployment-name": "mine"}, "gpt-4.1"),
    ],
)
def test_an_azure_deployment_is_in_the_path_or_in_a_header(
    route: dict[str, Any], headers: dict[str, str], resource: str
) -> None:
    exchange = make_exchange(UNARY, headers=headers)
    exchange.route = exchange.route._replace(**route)
    event = read(exchange)
    assert (event.category, event.resource) == (route.get("category", "system.openai"), resource)


MAPPED = ModelMapping("gpt-4.1", None, "my.models", "mapped", "datazone")


@pytest.mark.parametrize(
    ("context", "mapping", "price"),
    [
        (Frame(), None, ("system.openai", "gpt-4.1", None)),
        (Frame(), MAPPED, ("my.models", "mapped", "datazone")),
        (Frame(resource_scope="global"), MAPPED, ("my.models", "mapped", "datazone")),
        (
            Frame(resource_scope="global"),
            MAPPED._replace(resource_scope=None),
            ("my.models", "mapped", "global"),
        ),
        (Frame(price_as_category="c"), MAPPED, ("c", "gpt-4.1", None)),
        (Frame(price_as_resource="r"), MAPPED, ("system.openai", "r", None)),
        (
            Frame(price_as_category="c", price_as_resource="gpt-4.1", resource_scope="global"),
            MAPPED,
            ("c", "gpt-4.1", "global"),
        ),
    ],
)
def test_the_context_wins_over_mappings_and_these_over_the_route(
    context: Frame, mapping: ModelMapping | None, price: tuple[str, str, str | None]
) -> None:
    reading = Reading(model_mappings=(mapping,) if mapping else ())
    event = read(make_exchange(UNARY, context=context), reading)
    assert (event.category, event.resource, event.scope) == price


@pytest.mark.parametrize("model", ["claude-haiku-4-5@20251001", "anthropic.claude-haiku-4-5@20251001"])
def test_a_mapping_names_a_model_of_vertex_with_or_without_its_prefix(model: str) -> None:
    mapping = ModelMapping(model, None, "my.models", "mapped", "region.eu")
    event = read(make_exchange(by_name["anthropic/vertex_unary"]), Reading(model_mappings=(mapping,)))
    assert (event.category, event.resource, event.scope) == ("my.models", "mapped", "region.eu")


@pytest.mark.parametrize(
    ("case", "model"),
    [
        ("google/gemini_latest_alias", "gemini-flash-latest"),
        ("google/gemini_latest_alias", "google.gemini-flash-latest"),
        ("google/gemini_latest_alias", "gemini-3.8-flash"),
        ("google/gemini_latest_alias", "google.gemini-3.8-flash"),
        ("google/vertex_tuned_endpoint", "4711"),
        ("google/vertex_openai_chat", "google/gemini-3.1-pro-preview"),
        ("google/vertex_openai_chat", "google.gemini-3.1-pro-preview"),
        ("google/vertex_openai_chat", "gemini-3.1-pro-preview"),
        ("google/gemini_error_400", "gemini-2.5-flash"),
        ("google/gemini_error_400", "google.gemini-2.5-flash"),
    ],
)
def test_a_mapping_names_a_model_of_googles_as_it_was_asked_for_or_answered(case: str, model: str) -> None:
    mapping = ModelMapping(model, None, "my.models", "mapped", "region.eu")
    event = read(make_exchange(by_name[case]), Reading(model_mappings=(mapping,)))
    assert (event.category, event.resource, event.scope) == ("my.models", "mapped", "region.eu")


def test_a_call_of_googles_is_priced_as_its_context_says() -> None:
    frame = Frame(price_as_category="c", price_as_resource="r", resource_scope="region.eu")
    event = decode_case(by_name["google/gemini_unary"], context=frame)
    assert (event.category, event.resource, event.scope) == ("c", "r", "region.eu")
    frame = Frame(resource_scope="region.eu")
    event = decode_case(by_name["google/gemini_unary"], context=frame)
    assert (event.resource, event.scope) == ("google.gemini-2.5-flash", "region.eu")


def test_an_array_of_messages_is_a_stream() -> None:
    case = by_name["google/gemini_array_stream"]
    event = decode_case(case)
    messages = [msgspec.json.decode(part) for part in event.provider_response_json or ()]
    assert messages == msgspec.json.decode(case.answer)
    assert event.time_to_first_token_ms is not None


def test_a_cut_array_of_messages_has_its_complete_ones_and_is_partial() -> None:
    case = by_name["google/gemini_array_stream"]
    event = decode_case(case, [case.answer[:-30]], outcome=Outcome.CLOSED)
    assert event.properties == {"system.stream": "partial"}
    assert event.units == {"text": Units(input=8, output=2)}


def test_a_resource_that_the_user_gives_gets_no_prefix() -> None:
    frame = Frame(price_as_resource="claude-mine")
    event = decode_case(by_name["anthropic/vertex_unary"], context=frame)
    assert (event.category, event.resource) == ("system.google.vertex", "claude-mine")


@pytest.mark.parametrize("host", ["bedrock-runtime.us-east-1.amazonaws.com", "other.test"])
def test_a_mapping_for_a_host_holds_for_a_model_in_its_path(host: str) -> None:
    """The path names the model, so host and model are known before the body is."""
    case = by_name["bedrock/llama_unary"]
    name = "bedrock-runtime.us-east-1.amazonaws.com"
    mapping = ModelMapping(case.route["resource"], HostPattern(host, None), None, "my-llama")
    exchange = make_exchange(case)
    exchange.route = exchange.route._replace(host=HostPattern(name, None))
    event = read(exchange, Reading(model_mappings=(mapping,)))
    assert event.resource == ("my-llama" if host == name else case.route["resource"])


PICTURE = b'{"model":"m","url":"data:image/png;base64,AAAA","b64_json":"AAAA"}'
BARE = PICTURE.replace(b"data:image/png;base64,AAAA", b"<not_instrumented>").replace(
    b"AAAA", b"<not_instrumented>"
)


@pytest.mark.parametrize(("inline_data", "kept"), [(False, BARE), (True, PICTURE)])
def test_inline_data_is_recorded_when_asked_for(inline_data: bool, kept: bytes) -> None:
    document = WireCase("inline", PICTURE, PICTURE, 200, {"content-type": "application/json"}, {})
    event = read(make_exchange(document), Reading(inline_data=inline_data))
    assert event.provider_request_json == event.provider_response_json == kept.decode()
    stream = WireCase(
        "inline", b"", b"data: " + PICTURE + b"\n\n", 200, {"content-type": "text/event-stream"}, {}
    )
    event = read(make_exchange(stream), Reading(inline_data=inline_data))
    assert event.provider_response_json == (kept.decode(),)
