"""Each part of a receipt for a response: what is sent again, what counts as lost, and what the log says."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.sinks.payi_response import PayiResponse
from tests.sinks.payi_responses import NOT_PAYI, error, read, respond

OWN = {"message": "m", "statusCode": 500}


@pytest.mark.parametrize(("maybe_sent", "uncertain"), [(True, [0, 1, 2]), (False, [])])
def test_without_a_response_events_are_uncertain_if_they_may_have_left(
    maybe_sent: bool, uncertain: list[int]
) -> None:
    receipt = read(PayiResponse(None, error="gone", maybe_sent=maybe_sent))
    assert (list(receipt.retry), list(receipt.uncertain)) == ([0, 1, 2], uncertain)
    assert receipt.problem == "Could not reach Pay-i (gone)"
    assert PayiResponse(None).maybe_sent


@pytest.mark.parametrize(
    ("status", "body", "hidden"),
    [
        (500, OWN, False),
        (500, {"message": "m"}, True),
        (500, {"statusCode": 500}, True),
        (500, error("c"), False),
        (500, b"<html>", True),
        (599, b"", True),
        (408, b"", True),
        (408, OWN, False),
        (409, b"", False),
        (429, b"<html>", False),
    ],
)
def test_what_a_gateway_says_hides_whether_pay_i_took_the_events(
    status: int, body: Any, hidden: bool
) -> None:
    receipt = read(respond(status, body, wait=7.0))
    assert (list(receipt.retry), receipt.wait) == ([0, 1, 2], 7.0)
    assert list(receipt.uncertain) == ([0, 1, 2] if hidden else [])
    assert str(receipt.problem).startswith(f"Pay-i responded with HTTP {status}")


@pytest.mark.parametrize(
    ("status", "body", "is_own"),
    [
        (500, OWN, True),
        (503, error("c"), True),
        (499, OWN, False),
        (408, OWN, False),
        (500, b"", False),
        (502, b"<html>", False),
    ],
)
def test_a_failure_is_pay_is_own_if_its_body_is(status: int, body: Any, is_own: bool) -> None:
    assert respond(status, body).is_own_failure is is_own


def test_a_response_that_never_came_is_no_failure_of_pay_is_own() -> None:
    nothing = PayiResponse(None, b'{"xproxy_error": {"code": "invalid_user_id"}}')
    assert not nothing.is_own_failure
    assert not nothing.rejects_body
    assert not nothing.is_missing
    assert nothing.code == ""


@pytest.mark.parametrize(
    ("status", "body", "is_missing"),
    [
        (404, b"", True),
        (405, b"<html>", True),
        (404, error("not_found"), True),
        (404, error("user_not_found"), False),
        (403, b"", False),
        (406, b"", False),
    ],
)
def test_a_path_is_missing_unless_pay_i_misses_something_that_an_event_names(
    status: int, body: Any, is_missing: bool
) -> None:
    assert respond(status, body).is_missing is is_missing


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, "", "rejected"),
        (400, "invalid_api_key", "denied"),
        (400, "unexpected_error", "retry"),
        (401, "", "denied"),
        (500, "", "retry"),
        (500, "header_is_missing", "denied"),
        (500, "invalid_user_id", "rejected"),
        (404, "user_not_found", "rejected"),
        (404, "unexpected_error", "retry"),
        # A redirect has no word of Pay-i's.
        (302, "unexpected_error", "denied"),
    ],
)
def test_a_code_decides_before_the_status(status: int, code: str, outcome: str) -> None:
    receipt = read(respond(status, error(code)))
    named = f"Pay-i responded with HTTP {status}" + (f" ({code})" if code and status >= 400 else "")
    if outcome == "rejected":
        assert receipt.rejected == dict.fromkeys(range(3), f"status_{status}")
        assert (list(receipt.retry), receipt.problem, receipt.denied) == ([], named, False)
        return
    assert (list(receipt.retry), receipt.rejected, receipt.denied) == ([0, 1, 2], {}, outcome == "denied")
    advice = ": it does not accept this API key or base URL" if outcome == "denied" else ""
    assert receipt.problem == named + advice
    assert receipt.wait == (60.0 if outcome == "denied" else None)


def test_a_redirect_says_what_the_base_url_should_be() -> None:
    receipt = read(respond(308, location="https://payi.test/api"))
    advice = "it redirects to https://payi.test/api; set the base URL that it should be"
    assert receipt.problem == f"Pay-i responded with HTTP 308: {advice}"
    assert (receipt.denied, receipt.wait) == (True, 60.0)


@pytest.mark.parametrize("kind", ["text/plain", " Text/HTML; charset=utf-8", "TEXT/json"])
def test_text_is_no_word_of_pay_is_even_if_it_parses(kind: str) -> None:
    assert respond(200, {"ingest_count": 1}, content_type=kind).read_word() is None
    assert respond(200, {"ingest_count": 1}, content_type="application/json").read_word() is not None


@pytest.mark.parametrize(
    ("body", "kind", "found"),
    [
        (b"<p>", "", "an HTML page"),
        (b"\xef\xbb\xbf\n <html>", "application/json", "an HTML page"),
        (b"log in", "TEXT/HTML", "an HTML page"),
        (b"", "text/html", "an HTML page"),
        (b"log in", "text/plain", "a body"),
        (b" \n", "", "an empty body"),
        (b"", "", "an empty body"),
    ],
)
@pytest.mark.parametrize("single", [False, True], ids=["bulk", "single"])
def test_what_is_not_from_pay_i_confirms_nothing(body: bytes, kind: str, found: str, single: bool) -> None:
    receipt = read(respond(202, body, content_type=kind, wait=7.0), 1, single=single)
    assert (list(receipt.retry), list(receipt.uncertain), receipt.wait) == ([0], [0], 7.0)
    assert receipt.problem == f"Pay-i responded with HTTP 202 and {found}, {NOT_PAYI}"


@pytest.mark.parametrize(
    ("body", "confirms"),
    [
        ({"xproxy_result": {}}, True),
        ({"ingest_timestamp": "t"}, True),
        ({"request_id": "r"}, True),
        ({"message": "ok"}, False),
        ({}, False),
    ],
)
def test_a_single_event_is_confirmed_by_what_only_pay_i_says(body: Any, confirms: bool) -> None:
    receipt = read(respond(200, body), 1, single=True)
    assert (list(receipt.retry), receipt.results) == ([], {0: body}) if confirms else ([0], {})
