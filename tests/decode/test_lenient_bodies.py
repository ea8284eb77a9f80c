"""Whatever the SDKs read and msgspec does not, in any body of any provider, the event says the same."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable

import msgspec
import pytest

from payi_transport.framing.eventstream import split_eventstream
from tests.support.eventstream import write_event
from tests.support.exchanges import decode_case, shown
from tests.support.wire_cases import CASES, WireCase

# Fields that no reader looks at, as SDKs accept them.
ODD: dict[str, bytes] = {
    "NaN": b'"logprob":NaN',
    "infinities": b'"logprob":[-Infinity,Infinity,1e999]',
    "half a surrogate pair": rb'"content_":"\ud83d and \uDE00"',
    "bytes that are not UTF-8": b'"content_":"\xff\xc3"',
    "a key twice": b'"zzz":1,"zzz":[2]',
}
Change = Callable[[bytes], bytes]
READ = [case for case in CASES if case.status == 200 and case.name != "bedrock/exception"]
NAMES = ["units", "provider_response_id", "provider_response_function_calls", "properties", "resource"]


def change_objects(body: bytes, change: Change, case: WireCase) -> bytes:
    """Change each message that is an object, and leave the framing as it is."""
    if case.is_binary:
        return b"".join(
            write_event(name, change_payload(data, change)) for name, data in split_eventstream(body)
        )
    if case.headers["content-type"] == "application/json" and body.lstrip().startswith(b"{"):
        return change(body)
    lines = body.split(b"\n")
    return b"\n".join(change_line(line, change) for line in lines)


def change_line(line: bytes, change: Change) -> bytes:
    head, brace, rest = line.partition(b"{")
    is_start = (
        head in (b"", b"data:", b"data: ", b"[", b",") and brace and rest.rstrip(b"\r,]").endswith(b"}")
    )
    return head + change(brace + rest) if is_start else line


def change_payload(data: bytes, change: Change) -> bytes:
    fields = json.loads(data)
    if not isinstance(fields.get("bytes"), str):
        return change(data)
    inner = change(base64.b64decode(fields["bytes"]))
    return change(json.dumps({**fields, "bytes": base64.b64encode(inner).decode()}).encode())


def add_first(field: bytes) -> Change:
    def change(data: bytes) -> bytes:
        start = data.index(b"{") + 1
        comma = b"" if data[start:].lstrip().startswith(b"}") else b","
        return data[:start] + field + comma + data[start:]

    return change


@pytest.mark.parametrize("field", ODD.values(), ids=ODD)
@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_a_field_that_msgspec_refuses_changes_nothing_of_the_event(case: WireCase, field: bytes) -> None:
    body = change_objects(case.response, add_first(field), case)
    # In a request, the model is what is read.
    request = add_first(field)(case.request) if case.request.startswith(b"{") else case.request
    event = decode_case(dataclasses.replace(case, response=body, request=request))
    expected = decode_case(case)
    names = [
        name
        for name in NAMES
        if not str(expected.provider_response_id).startswith("payi_") or "_id" not in name
    ]
    assert shown(event, names) == shown(expected, names)


def test_the_field_is_in_the_bodies_of_every_framing() -> None:
    changed = {
        case.headers["content-type"]
        for case in READ
        if change_objects(case.response, add_first(b'"a":NaN'), case) != case.response
    }
    assert len(changed) >= 4


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32-le", "utf-32"])
@pytest.mark.parametrize(
    "case",
    [case for case in READ if case.headers["content-type"] == "application/json"],
    ids=lambda case: case.name,
)
def test_a_document_in_another_encoding_of_json_is_read(case: WireCase, encoding: str) -> None:
    event = decode_case(dataclasses.replace(case, response=case.response.decode().encode(encoding)))
    expected = decode_case(case)
    assert shown(event, ["units", "resource"]) == shown(expected, ["units", "resource"])
    assert msgspec.json.encode(event)
