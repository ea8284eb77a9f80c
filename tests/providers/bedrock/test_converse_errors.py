"""Errors of Bedrock: in a header, in a body, or the page of a proxy."""

from __future__ import annotations

import pytest

from payi_transport.providers.bedrock.converse import read_error
from payi_transport.values.event import Failure

ERRORS: dict[str, tuple[bytes, dict[str, str], Failure | None]] = {
    "a header": (
        b'{"message":"slow down"}',
        {"x-amzn-errortype": "ThrottlingException"},
        Failure("ThrottlingException", None, "slow down"),
    ),
    "a header with a URL": (
        b'{"message":"slow down"}',
        {"x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"},
        Failure("ThrottlingException", None, "slow down"),
    ),
    "a type in the body": (
        b'{"__type":"com.amazon.coral.service#ExpiredTokenException","Message":"expired"}',
        {},
        Failure("ExpiredTokenException", None, "expired"),
    ),
    "a header beside a body of a proxy": (
        b"<html>",
        {"x-amzn-errortype": "ServiceUnavailableException"},
        Failure("ServiceUnavailableException"),
    ),
    "a message alone": (b'{"message":"no"}', {}, Failure(message="no")),
    "types of other types": (b'{"__type":7,"message":["no"],"Message":null}', {}, None),
    "a page": (b"<html>", {}, None),
    "nothing": (b"", {}, None),
}


@pytest.mark.parametrize(("body", "headers", "failure"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_read_from_a_header_or_its_body(
    body: bytes, headers: dict[str, str], failure: Failure | None
) -> None:
    assert read_error(body, headers) == failure
