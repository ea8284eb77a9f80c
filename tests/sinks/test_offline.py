"""Events in a file that is a complete JSON array whenever anybody looks."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from payi_transport import Event, PayiConfigError, Units
from payi_transport.sinks.offline import OfflineSink


def event(number: int, text: str = "hello") -> Event:
    return Event(
        category="system.openai",
        units={"text": Units(input=number)},
        provider_response_id=f"id-{number}",
        event_timestamp=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        provider_request_json=text,
    )


def ids(path: Path) -> list[str]:
    return [packet["provider_response_id"] for packet in json.loads(path.read_text("utf-8"))]


def test_the_file_is_a_complete_array_after_every_delivery(tmp_path: Path) -> None:
    sink = OfflineSink(str(tmp_path / "capture.json"))
    for number in range(5):
        sink.deliver([event(number), event(number + 100)])
        assert len(ids(sink.path)) == 2 * (number + 1)
    sink.close()
    assert [path.name for path in tmp_path.iterdir()] == ["capture.json"]


def test_a_packet_has_the_fields_of_the_ingest_api(tmp_path: Path) -> None:
    sink = OfflineSink(str(tmp_path / "capture.json"))
    sink.deliver([event(7, "grüße 🎉")])
    assert json.loads(sink.path.read_text("utf-8")) == [
        {
            "category": "system.openai",
            "units": {"text": {"input": 7}},
            "provider_response_id": "id-7",
            "event_timestamp": "2026-01-02T03:04:05Z",
            "provider_request_json": "grüße 🎉",
        }
    ]


def test_an_older_file_of_that_name_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "capture.json"
    path.write_text("[1, 2, 3]")
    OfflineSink(str(path)).deliver([event(1)])
    assert ids(path) == ["id-1"]


def test_a_file_that_was_taken_away_is_begun_anew(tmp_path: Path) -> None:
    sink = OfflineSink(str(tmp_path / "capture.json"))
    sink.deliver([event(1)])
    sink.path.unlink()
    sink.deliver([event(2)])
    assert ids(sink.path) == ["id-2"]


def test_a_pause_is_asked_for_in_proportion_to_the_work(tmp_path: Path) -> None:
    receipt = OfflineSink(str(tmp_path / "capture.json")).deliver([event(1)])
    assert receipt.wait is not None and receipt.wait > 0
    assert not receipt.retry and not receipt.rejected
    assert receipt.bytes_sent > 50


def test_the_default_name_holds_the_time_and_is_no_other_process_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = OfflineSink().path, OfflineSink().path
    assert re.fullmatch(r"payi_instrumentation_\d{4}(-\d\d){5}\.json", first.name)
    assert first != second
    assert json.loads(first.read_text()) == json.loads(second.read_text()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere/capture.json", "folder that does not exist"),
        (".", "can not be written"),
        ("ro/x.json", "written"),
    ],
)
def test_a_name_that_can_not_be_written_is_an_error_at_once(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ro").mkdir()
    (tmp_path / "ro" / "x.json").mkdir()
    with pytest.raises(PayiConfigError, match=f"config.offline_instrumentation.file_name: .*{message}"):
        OfflineSink(name)


def test_a_forked_child_writes_to_a_file_of_its_own(tmp_path: Path) -> None:
    sink = OfflineSink(str(tmp_path / "capture.json"))
    sink.deliver([event(1)])
    child = os.fork()
    if child == 0:
        sink.fork()
        sink.deliver([event(2)])
        os._exit(0)
    os.waitpid(child, 0)
    sink.deliver([event(3)])
    assert ids(tmp_path / "capture.json") == ["id-1", "id-3"]
    assert ids(tmp_path / f"capture-{child}.json") == ["id-2"]


def test_a_process_that_is_killed_leaves_a_complete_array(tmp_path: Path) -> None:
    script = f"""
        import itertools
        from tests.sinks.test_offline import event
        from payi_transport.sinks.offline import OfflineSink
        sink = OfflineSink({str(tmp_path / "capture.json")!r})
        for number in itertools.count():
            sink.deliver([event(number, "x" * 20000)])
            print(number, flush=True)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(20):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert len(ids(tmp_path / "capture.json")) >= 20
