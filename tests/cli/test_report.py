"""Reports add up what a file of captured calls holds, whoever wrote it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from payi_transport import Event, PayiError, Units
from payi_transport.cli.report import Call, Capture, Report, draw, make_report, read_capture
from payi_transport.sinks.offline import OfflineSink


def event(resource: str, units: Mapping[str, Units], latency: int, **more: Any) -> Event:
    more.setdefault("category", "system.openai")
    more.setdefault("http_status_code", 200)
    return Event(
        resource=resource, units=units, end_to_end_latency_ms=latency, provider_response_id="1", **more
    )


EVENTS = [
    event(
        "gpt-5",
        {"reasoning": Units(output=30), "text": Units(input=100, output=20)},
        400,
        use_case_name="support",
        user_id="ada",
    ),
    event(
        "gpt-5",
        {"text": Units(input=1, output=2), "text_cache_read": Units(input=1024)},
        200,
        use_case_name="search",
        user_id="grace",
    ),
    event("claude", {}, 9, category="system.anthropic", http_status_code=404, use_case_name="support"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "calls.json"
    sink = OfflineSink(str(path))
    sink.deliver(EVENTS)
    sink.close()
    return path


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "calls.json"
    path.write_bytes(content)
    return path


def read_one(tmp_path: Path, **fields: Any) -> Call:
    event = {"category": "system.openai", "units": {}, **fields}
    [call] = read_capture(write(tmp_path, msgspec.json.encode([event]))).calls
    return call


def drawn(report: Report, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    draw(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("category", {"system.openai": 2, "system.anthropic": 1}),
        ("resource", {"gpt-5": 2, "claude": 1}),
        ("use_case", {"support": 2, "search": 1}),
        ("user", {"ada": 1, "grace": 1, None: 1}),
    ],
)
def test_calls_are_grouped_with_the_biggest_group_first(
    file: Path, by: str, expected: Mapping[str | None, int]
) -> None:
    report = make_report(read_capture(file), by)
    assert [(group.name, group.calls) for group in report.groups] == list(expected.items())
    assert report.total.calls == 3


def test_units_are_summed_in_and_out_apart_with_text_first(file: Path) -> None:
    report = make_report(read_capture(file))
    assert list(report.total.units.items()) == [
        ("text", Units(input=101, output=22)),
        ("text_cache_read", Units(input=1024)),
        ("reasoning", Units(output=30)),
    ]
    assert report.groups[1].units == {}


def test_the_total_is_over_all_calls(file: Path) -> None:
    total = make_report(read_capture(file)).total
    assert (total.calls, total.errors) == (3, 1)
    assert (total.latency_p50_ms, total.latency_p95_ms) == (200, 400)


@pytest.mark.parametrize(
    ("latencies", "p50", "p95"),
    [([], None, None), ([7], 7, 7), ([2, 1], 1, 2), (list(range(1, 21)), 10, 19)],
)
def test_percentiles_are_latencies_that_calls_really_had(
    latencies: list[int], p50: int | None, p95: int | None
) -> None:
    calls = [*(Call(latency_ms=latency) for latency in latencies), Call()]
    total = make_report(Capture(calls, 0)).total
    assert (total.latency_p50_ms, total.latency_p95_ms) == (p50, p95)


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
def test_an_error_is_a_bad_status_no_answer_or_a_failure_told_in_a_good_one(
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
def test_units_of_another_shape_count_as_not_there(
    tmp_path: Path, units: Any, expected: Mapping[str, Units]
) -> None:
    assert read_one(tmp_path, units=units).units == expected


@pytest.mark.parametrize(
    ("latency", "expected"),
    [(12, 12), (12.6, 13), (0, 0), (-1, None), ("12", None), (True, None), (None, None), ([], None)],
)
def test_a_latency_is_a_number_or_not_there(tmp_path: Path, latency: Any, expected: int | None) -> None:
    assert read_one(tmp_path, end_to_end_latency_ms=latency).latency_ms == expected


@pytest.mark.parametrize("name", [None, "", 5, ["a"], {"a": 1}])
def test_a_name_that_is_no_text_counts_as_none(tmp_path: Path, name: Any) -> None:
    call = read_one(tmp_path, resource=name, category=name, use_case_name=name, user_id=name)
    assert (call.resource, call.category, call.use_case_name, call.user_id) == (None, None, None, None)


def test_a_packet_of_the_payi_sdk_is_read_and_its_other_fields_are_ignored(tmp_path: Path) -> None:
    packet = {
        "category": "system.openai",
        "resource": "gpt-4o",
        "units": {"text": {"input": 12, "output": 3}, "vision": {"input": 255}},
        "end_to_end_latency_ms": 731,
        "http_status_code": 200,
        "properties": {"system.user_id": "ada"},
        "provider_response_json": ["{}", "{}"],
        "use_case_name": "my_app",
    }
    call = read_one(tmp_path, **packet)
    assert (call.category, call.resource, call.use_case_name) == ("system.openai", "gpt-4o", "my_app")
    assert (call.latency_ms, call.failed) == (731, False)
    assert call.units == {"text": Units(input=12, output=3), "vision": Units(input=255)}


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert len(read_capture(write(tmp_path, b'\xef\xbb\xbf[{"units": {}}]')).calls) == 1


UNREADABLE = [b'{"resource": "\xff"}', b'{"units": 1e999}']
OTHERS = [b"null", b"5", b'"text"', b"[]", b"{}", b'{"a": 2}', b'{"resource": "x"}', b'{"units": null}']


@pytest.mark.parametrize("item", UNREADABLE + OTHERS)
def test_an_item_that_is_no_event_is_left_out_and_counted(tmp_path: Path, item: bytes) -> None:
    capture = read_capture(write(tmp_path, b'[{"category": "system.openai"}, ' + item + b"]"))
    assert (len(capture.calls), capture.skipped) == (1, 1)
    assert "1 items of the file are no events" in drawn(make_report(capture))


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        ([b"", b"[{]", b"[" * 100_000, b"\xff\xfe[\x00]\x00"], "is no JSON"),
        ([b"{}", b"5", b"null"], "holds no JSON array"),
    ],
)
def test_a_file_that_is_no_json_array_is_refused_in_one_line(
    tmp_path: Path, contents: list[bytes], says: str
) -> None:
    for content in contents:
        with pytest.raises(PayiError, match=says) as refused:
            read_capture(write(tmp_path, content))
        assert "\n" not in str(refused.value)


def test_a_file_that_is_missing_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PayiError, match="No such file"):
        read_capture(tmp_path / "missing.json")
    with pytest.raises(PayiError, match="can not be read"):
        read_capture(tmp_path)


def test_json_holds_what_the_table_shows(file: Path) -> None:
    made = json.loads(make_report(read_capture(file), "use_case").to_json())
    assert made["by"] == "use_case"
    assert made["skipped"] == 0
    assert made["groups"][1] == {
        "name": "search",
        "calls": 1,
        "errors": 0,
        "latency_p50_ms": 200,
        "latency_p95_ms": 200,
        "units": {"text": {"input": 1, "output": 2}, "text_cache_read": {"input": 1024}},
    }
    assert made["total"]["calls"] == 3


def test_the_table_has_a_line_for_each_unit_and_a_total(file: Path) -> None:
    lines = drawn(make_report(read_capture(file))).splitlines()
    assert [" ".join(line.split()) for line in lines if line.strip() and "─" not in line] == [
        "Resource Calls Errors p50 ms p95 ms Unit In Out",
        "gpt-5 2 0 200 400 text 101 22",
        "text_cache_read 1,024 -",
        "reasoning - 30",
        "claude 1 1 9 9",
        "Total 3 1 200 400 text 101 22",
        "text_cache_read 1,024 -",
        "reasoning - 30",
    ]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
@pytest.mark.parametrize("unit", ["text", "guardrail_sensitive_information_free_large_context"])
def test_no_figure_is_cut_however_narrow_the_terminal_is(width: int, unit: str) -> None:
    call = Call(resource="model", latency_ms=1234, units={unit: Units(input=1_234_567, output=7_654_321)})
    text = drawn(make_report(Capture([call], 0)), width).replace("\n", "").replace(" ", "")
    for figure in ("model", "1,234", "1,234,567", "7,654,321"):
        assert figure in text
    assert unit in text
    assert "Total" in text


def test_a_narrow_terminal_gets_a_list(file: Path) -> None:
    assert drawn(make_report(read_capture(file), "user"), 40).splitlines()[:6] == [
        "ada",
        "  calls 1, errors 0",
        "  p50 400 ms, p95 400 ms",
        "  text: in 100, out 20",
        "  reasoning: in -, out 30",
        "grace",
    ]


def test_a_long_name_is_folded_and_not_cut() -> None:
    name = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude"
    text = drawn(make_report(Capture([Call(resource=name)], 0)), 60)
    column = text.partition("Calls")[0].rindex("Resource")
    width = text.index("Calls") - column
    assert name in "".join(line[:width].strip() for line in text.splitlines())


@pytest.mark.parametrize("width", [40, 100])
def test_a_name_in_a_file_can_not_steer_the_terminal(width: int) -> None:
    call = Call(resource="\x1b[2J[bold]x[/bold]", units={"\x1b]0;y": Units(input=1)})
    text = drawn(make_report(Capture([call], 0)), width)
    assert "\x1b" not in text
    assert "[bold]" in text


def test_a_group_without_a_name_is_shown_as_none() -> None:
    assert "(none)" in drawn(make_report(Capture([Call()], 0)))


def test_a_file_of_no_calls_says_so(tmp_path: Path) -> None:
    report = make_report(read_capture(write(tmp_path, b"[]")))
    assert drawn(report) == "The file holds no calls.\n"
    assert json.loads(report.to_json())["groups"] == []
