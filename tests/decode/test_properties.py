"""Properties say what went wrong with a call, without quoting credentials or content."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.context.frame import Frame
from payi_transport.decode.properties import make_properties
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import UNARY

DONE = ParsedResponse()
UNFINISHED = ParsedResponse(finished=False)
DOCUMENT = RawResponse([])
STREAM = RawResponse([], is_stream=True)
FAILURE = ParsedResponse(failure=Failure("invalid_request_error", "model_not_found", "no such SECRET"))


def make(**fields: Any) -> Exchange:
    return replace(make_exchange(UNARY), **fields)


def test_a_call_that_went_well_has_only_the_properties_of_its_scope_and_response() -> None:
    exchange = make(context=Frame(request_properties={"team": "blue", "tier": "scope"}))
    response = ParsedResponse(properties={"tier": "response"})
    assert make_properties(exchange, response, DOCUMENT) == {"team": "blue", "tier": "response"}
    assert make_properties(make(), DONE, STREAM) == {}


@pytest.mark.parametrize("error", [("ConnectError", "no route"), None])
def test_a_call_without_a_response_names_the_exception(error: tuple[str, str] | None) -> None:
    exchange = make(status=None, error=error, outcome=Outcome.FAILED)
    name, text = error or ("unknown", "unknown")
    assert make_properties(exchange, DONE, DOCUMENT) == {
        "system.failure": name,
        "system.failure.description": text,
    }


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("url: /v1beta/x:generate?key=sk-secret (Caused by Y)", "url: /v1beta/x:generate (Caused by Y)"),
        ("for url '/x?q='a'&key=sk-secret'", "for url '/x"),
        ("https://a.test?key=sk-secret", "https://a.test"),
        ("Illegal header value b'Bearer sk-secret\\n'", "OddError"),
        ("illegal Header line: bytearray(b'set-cookie sk-secret')", "OddError"),
        ("What now?", "What now?"),
        ("?all=secret", "OddError"),
        ("", "OddError"),
    ],
)
def test_an_exception_is_described_without_the_credentials_that_it_quotes(
    text: str, description: str
) -> None:
    exchange = make(status=None, error=("OddError", text))
    assert make_properties(exchange, DONE, DOCUMENT)["system.failure.description"] == description


@pytest.mark.parametrize("fields", [{"status": None}, {"status": 200, "outcome": Outcome.FAILED}])
def test_without_content_only_the_type_of_an_exception_is_reported(fields: dict[str, Any]) -> None:
    exchange = make(error=("PolicyError", "blocked: my PROMPT"), log_content=False, **fields)
    properties = make_properties(exchange, DONE, DOCUMENT)
    assert properties["system.failure"] == properties["system.failure.description"] == "PolicyError"


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("code", ["we do not like: PROMPT", "不允许PROMPT"])
def test_without_content_a_code_that_is_a_sentence_is_not_reported(status: int, code: str) -> None:
    response = ParsedResponse(failure=Failure("blocked", code, "PROMPT"))
    properties = make_properties(make(status=status, log_content=False), response, DOCUMENT)
    assert "PROMPT" not in str(properties)
    assert "blocked" in properties.values()


def test_the_message_and_the_code_of_a_failure_lose_keys() -> None:
    response = ParsedResponse(failure=Failure("t", "sk-abc1", "Incorrect API key provided: sk-abc1"))
    properties = make_properties(make(), response, DOCUMENT)
    assert properties["system.failure"] == "<removed>"
    assert properties["system.failure.description"] == "Incorrect API key provided: <removed>"


@pytest.mark.parametrize(
    ("failure", "logs", "expected"),
    [
        (Failure("t", "c", "m"), True, ("c", "m")),
        (Failure("t", "c", "m"), False, ("c", "c")),
        (Failure("t", None, None), True, ("t", "t")),
        (Failure(), True, ("error", "error")),
    ],
)
def test_a_failure_in_a_200_response_is_named_and_described_only_if_content_is_logged(
    failure: Failure, logs: bool, expected: tuple[str, str]
) -> None:
    properties = make_properties(make(log_content=logs), ParsedResponse(failure=failure), DOCUMENT)
    assert (properties["system.failure"], properties["system.failure.description"]) == expected


def test_an_error_response_has_the_type_and_code_of_its_error_and_no_message() -> None:
    assert make_properties(make(status=400), FAILURE, DOCUMENT) == {
        "provider.error.type": "invalid_request_error",
        "provider.error.code": "model_not_found",
    }
    only_type = ParsedResponse(failure=Failure("t", None, "m"))
    assert make_properties(make(status=500), only_type, STREAM) == {"provider.error.type": "t"}
    assert make_properties(make(status=400, outcome=Outcome.FAILED), UNFINISHED, STREAM) == {}


@pytest.mark.parametrize(
    ("outcome", "response", "raw", "is_partial"),
    [
        (Outcome.EXHAUSTED, DONE, STREAM, False),
        (Outcome.EXHAUSTED, UNFINISHED, STREAM, True),
        # A document that was read to its end is whole, whatever its reader makes of it.
        (Outcome.EXHAUSTED, UNFINISHED, DOCUMENT, False),
        (Outcome.CLOSED, DONE, STREAM, False),
        (Outcome.CLOSED, UNFINISHED, STREAM, True),
        (Outcome.CLOSED, UNFINISHED, DOCUMENT, True),
        (Outcome.ABANDONED, DONE, STREAM, False),
        (Outcome.ABANDONED, UNFINISHED, DOCUMENT, True),
        (Outcome.FAILED, DONE, STREAM, True),
        (Outcome.FAILED, DONE, DOCUMENT, True),
    ],
)
def test_a_response_that_stopped_before_its_end_is_partial(
    outcome: Outcome, response: ParsedResponse, raw: RawResponse, is_partial: bool
) -> None:
    properties = make_properties(make(outcome=outcome), response, raw)
    assert properties.get("system.stream") == ("partial" if is_partial else None)
    assert ("system.failure" in properties) == (outcome is Outcome.FAILED)


def test_the_exception_that_ended_a_response_takes_the_place_of_a_failure_in_it() -> None:
    exchange = make(outcome=Outcome.FAILED, error=("ReadError", "cut off"))
    properties = make_properties(exchange, FAILURE, STREAM)
    assert properties["system.failure"] == "ReadError"
    assert properties["system.failure.description"] == "cut off"


@pytest.mark.parametrize(("sent", "expected"), [("0", {}), ("2", {"system.retry": "2"})])
def test_a_retry_of_the_sdk_is_counted(sent: str, expected: dict[str, str]) -> None:
    raw = RawResponse([], request_headers={"x-stainless-retry-count": sent})
    assert make_properties(make(), DONE, raw) == expected
