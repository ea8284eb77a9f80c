"""Captured calls are read from a file, whoever wrote it and whatever is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from payi_transport import PayiError, Units
from payi_transport.cli.captured_calls import Call, read_capture
from tests.cli.captures import write


def read_one(tmp_path: Path, **fields: Any) -> Call:
    event = {"category": "system.openai", "units": {}, **fields}
    [call] = read_capture(write(tmp_path, msgspec.json.encode([event]))).calls
    return call


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        ({"http_status_code": 200}, False),
        ({"http_status_code": 400}, True),
        ({"http_status_code": 299}, True),
        ({"http_status_code": 200, "properties": {"system.failure": "server_error"}}, True),
        ({"http_status_code": 200, "properties": {"system.failure": None}}, False),
        ({"http_status_code": 200, "properties": {"system.stream": "partial"}}, False),
        ({"http_status_code": "500", "properties": ["system.failure"]}, False),
        ({}, False),
    ],
)
def test_a_call_failed_if_its_status_is_an_error_or_299_or_its_properties_name_a_failure(
    tmp_path: Path, fields: dict[str, Any], failed: bool
) -> None:
    assert read_one(tmp_path, **fields).failed is failed


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (None, {}),
        ({"text": None, "audio": 3}, {}),
        ({"text": {"input": "5", "output": None}}, {"text": Units()}),
        ({"text": {"input": True, "output": -1}}, {"text": Units()}),
        ({"text": {"input": 5.0, "output": 6, "more": 7}}, {"text": Units(input=5, output=6)}),
        ({"a unit of tomorrow": {"output": 1}}, {"a unit of tomorrow": Units(output=1)}),
    ],
)
def test_units_of_another_shape_count_as_absent(
    tmp_path: Path, units: Any, expected: Mapping[str, Units]
) -> None:
    assert read_one(tmp_path, units=units).units == expected


@pytest.mark.parametrize(
    ("latency", "expected"),
    [(12, 12), (12.6, 13), (0, 0), (-1, None), ("12", None), (True, None), (None, None), ([], None)],
)
def test_a_latency_that_is_not_a_number_counts_as_absent(
    tmp_path: Path, latency: Any, expected: int | None
) -> None:
    assert read_one(tmp_path, end_to_end_latency_ms=latency).latency_ms == expected


@pytest.mark.parametrize("name", [None, "", 5, ["a"], {"a": 1}])
def test_a_name_that_is_not_text_counts_as_absent(tmp_path: Path, name: Any) -> None:
    call = read_one(tmp_path, resource=name, category=name, use_case_name=name, user_id=name)
    assert (call.resource, call.category, call.use_case_name, call.user_id) == (None, None, None, None)


def test_an_event_of_the_payi_sdk_is_read_and_its_other_fields_are_ignored(tmp_path: Path) -> None:
    event = {
        "category": "system.openai",
        "resource": "gpt-4o",
        "units": {"text": {"input": 12, "output": 3}, "vision": {"input": 255}},
        "end_to_end_latency_ms": 731,
        "http_status_code": 200,
        "properties": {"system.user_id": "ada"},
        "provider_response_json": ["{}", "{}"],
        "use_case_name": "my_app",
    }
    call = read_one(tmp_path, **event)
    assert (call.category, call.resource, call.use_case_name) == ("system.openai", "gpt-4o", "my_app")
    assert (call.latency_ms, call.failed) == (731, False)
    assert call.units == {"text": Units(input=12, output=3), "vision": Units(input=255)}


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert len(read_capture(write(tmp_path, b'\xef\xbb\xbf[{"units": {}}]')).calls) == 1


UNREADABLE = [b'{"resource": "\xff"}', b'{"units": 1e999}']
OTHERS = [b"null", b"5", b'"text"', b"[]", b"{}", b'{"a": 2}', b'{"resource": "x"}', b'{"units": null}']


@pytest.mark.parametrize("item", UNREADABLE + OTHERS)
def test_an_item_that_is_not_an_event_is_skipped_and_counted(tmp_path: Path, item: bytes) -> None:
    capture = read_capture(write(tmp_path, b'[{"category": "system.openai"}, ' + item + b"]"))
    assert (len(capture.calls), capture.skipped) == (1, 1)


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        ([b"", b"[{]", b"[" * 100_000, b"\xff\xfe[\x00]\x00"], "isn't valid JSON; expected a file"),
        ([b"{}", b"5", b"null"], "isn't a JSON array; expected a file"),
    ],
)
def test_a_file_that_is_not_a_json_array_is_refused_in_one_line(
    tmp_path: Path, contents: list[bytes], says: str
) -> None:
    for content in contents:
        with pytest.raises(PayiError, match=says) as refused:
            read_capture(write(tmp_path, content))
        assert "\n" not in str(refused.value)


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PayiError, match="No such file"):
        read_capture(tmp_path / "missing.json")
    with pytest.raises(PayiError, match="can't be read: Is a directory"):
        read_capture(tmp_path)
