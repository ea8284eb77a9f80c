"""Errors in OpenAI's shape: what of them is read, and what isn't one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payi_transport.providers.shared.failures import find_error_event, read_error, read_failure
from payi_transport.values.event import Failure


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({"type": "t", "code": "c", "message": "m", "param": None}, Failure("t", "c", "m")),
        ({"type": "t", "code": None, "message": ""}, Failure("t")),
        ({"code": 429, "message": "m"}, Failure(None, "429", "m")),
        ({"type": 3, "code": [], "message": {}}, Failure()),
        ("overloaded", Failure(message="overloaded")),
        ({}, None),
        ("", None),
        (None, None),
        (False, None),
        (True, None),
        (7, None),
        ([{"message": "m"}], None),
    ],
    ids=repr,
)
def test_an_error_is_read_as_far_as_it_has_the_shape(error: Any, failure: Failure | None) -> None:
    assert read_failure(error) == failure
    assert read_error(json.dumps({"error": error}).encode(), {}) == failure


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b'{"object":"error","message":"m","type":"t","code":400}', Failure("t", "400", "m")),
        (b'{"object":"error","message":null}', Failure()),
        (b'{"object":"error","error":{"code":"c"},"code":"d"}', Failure(None, "c")),
        (b'{"base_resp":{"status_code":1004,"status_msg":"m"}}', Failure(None, "1004", "m")),
        (b'{"object":"list","message":"m"}', None),
        (b'{"base_resp":{"status_code":"1004"}}', Failure(None, "1004")),
        (b'{"base_resp":{"status_code":-1,"status_msg":7}}', Failure(None, "-1")),
        (b'{"base_resp":{"status_code":0,"status_msg":"success"}}', None),
        (b'{"base_resp":{"status_code":"0","status_msg":"success"}}', None),
        (b'{"base_resp":{"status_code":"","status_msg":"success"}}', None),
        (b'{"base_resp":{"status_code":null,"status_msg":"success"}}', None),
        (b'{"base_resp":{"status_code":[1004]}}', None),
        (b'{"base_resp":{}}', None),
        (b'{"base_resp":1004}', None),
        # What an `error` says comes first.
        (b'{"error":{"code":"c"},"base_resp":{"status_code":1}}', Failure(None, "c")),
        (b'{"object":"error","base_resp":{"status_code":1}}', Failure(None, "1")),
    ],
)
def test_an_error_body_may_have_its_fields_at_the_top(body: bytes, failure: Failure | None) -> None:
    assert read_error(body, {}) == failure


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b"{", b"\xff", b'{"detail":"x"}', b"[" * 99_999]
)
def test_an_error_body_of_another_shape_says_nothing(body: bytes) -> None:
    assert read_error(body, {}) is None


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b'{"detail":"d"}', Failure(message="d")),
        (b'{"detail":{"code":"c"}}', Failure(None, "c")),
        (b'{"message":"m","detail":"d"}', Failure(message="m")),
        (b'{"error":{"message":"m"},"detail":"d"}', Failure(message="m")),
        (b"gone", Failure(message="gone")),
        (b" gone \xff\n", Failure(message="gone \ufffd")),
        (b"", Failure()),
        (b"{}", Failure()),
        (b'{"type":"t","code":500,"message":"m"}', Failure("t", "500", "m")),
        (b'{"type":7,"code":"c","message":["m"]}', Failure(None, "c")),
        (b'{"object":"error","message":"m","detail":"d"}', Failure(message="m")),
        (b'{"base_resp":{"status_code":1}}', Failure(None, "1")),
    ],
)
def test_an_error_event_tells_its_detail_where_it_has_no_message(body: bytes, failure: Failure) -> None:
    assert find_error_event([("", b"{}"), ("error", body)]) == failure


@pytest.mark.parametrize("name", ["", "message", "errors"])
def test_an_event_of_another_name_tells_no_error(name: str) -> None:
    assert find_error_event([(name, b'{"message":"m"}')]) is None


@given(st.binary(max_size=50))
@example(b'{"error":' + b"[" * 200_000)
@example(b'{"error":"\xff"}')
def test_arbitrary_bytes_raise_nothing(body: bytes) -> None:
    read_error(body, {})
