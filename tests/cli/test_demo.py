"""The demo shows the right numbers anywhere, without a key, an account or a network."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import openai
import pytest
from click.testing import CliRunner

from payi_transport import PayiConfigError
from payi_transport.cli import demo
from payi_transport.cli.demo import _use_the_sdk, run_demo
from payi_transport.cli.demo_provider import serve_provider
from payi_transport.cli.main import cli
from payi_transport.cli.report_command import read_report
from payi_transport.pipeline.active import get_active
from payi_transport.runtime.ending_signals import list_ending_signals

HOSTILE = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "NO_PROXY": "",
    "SSL_CERT_FILE": "/nowhere/ca.pem",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "OPENAI_API_KEY": "a key that opens nothing",
    "OPENAI_ORG_ID": "org",
    "OPENAI_CUSTOM_HEADERS": "no header",
    "PAYI_TRANSPORT_DISABLED": "1",
    "PAYI_BASE_URL": "http://127.0.0.1:9",
}


def test_the_demo_captures_exactly_the_tokens_that_the_provider_reports(tmp_path: Path) -> None:
    file = run_demo(tmp_path / "calls.json").file
    report, _ = read_report([str(file)], by="use_case")
    groups = {group.name: group.summary for group in report.groups}
    assert {name: (group.calls, group.errors) for name, group in groups.items()} == {
        "answer-customers": (2, 0),
        "summarize-cases": (3, 1),
    }
    assert {unit: sums.count for unit, sums in groups["answer-customers"].units.items()} == {
        ("text", "input"): 1200 - 1024 + 1290 - 1152,
        ("text", "output"): 180 - 128 + 62,
        ("text_cache_read", "input"): 1024 + 1152,
        ("reasoning", "output"): 128,
    }
    assert {unit: sums.count for unit, sums in groups["summarize-cases"].units.items()} == {
        ("text", "input"): 2 * 412,
        ("text", "output"): 2 * 96,
    }


def test_a_budget_stops_the_last_call_of_a_user(tmp_path: Path) -> None:
    pytest.importorskip("genai_prices")
    run = run_demo(tmp_path / "calls.json")
    assert run.stopped_user == "ada"
    assert run.refusal.startswith("budget demo (ada) is spent: $0.0032 a day, so the request was not sent")


def test_without_a_budget_no_call_is_stopped() -> None:
    with serve_provider() as port:
        assert _use_the_sdk(f"http://127.0.0.1:{port}/v1") == ""


def test_the_demo_captures_two_users_a_tool_call_streams_and_an_error(tmp_path: Path) -> None:
    events = json.loads(run_demo(tmp_path / "calls.json").file.read_bytes())
    assert [event["user_id"] for event in events] == ["ada", "ada", "ada", "grace", "grace"]
    assert [event["http_status_code"] for event in events] == [200, 200, 200, 200, 404]
    [asked] = events[0]["provider_response_function_calls"]
    assert asked["name"] == "find_parcel"
    # A provider takes the result of a tool only behind the message that asked for it.
    messages = json.loads(events[1]["provider_request_json"])["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    assert messages[1]["tool_calls"][0]["id"] == messages[2]["tool_call_id"]
    assert [isinstance(event.get("provider_response_json"), list) for event in events[2:4]] == [True, True]
    assert {event["category"] for event in events} == {"system.openai"}


def test_the_demo_restores_the_environment_and_the_instrumentation(tmp_path: Path) -> None:
    before = dict(os.environ)
    run_demo(tmp_path / "calls.json")
    assert dict(os.environ) == before
    assert get_active() is None


def test_the_demo_writes_to_a_new_directory_by_default() -> None:
    first, second = run_demo().file, run_demo().file
    assert first.is_absolute()
    assert first != second
    assert first.exists()
    for file in (first, second):
        file.unlink()
        file.parent.rmdir()


def test_a_demo_that_ends_early_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = {number: signal.getsignal(number) for number in list_ending_signals()}

    def end(base_url: str) -> str:
        assert any(tmp_path.iterdir())
        signal.raise_signal(signal.SIGTERM)
        return ""

    monkeypatch.setattr(demo, "_use_the_sdk", end)
    ended = CliRunner().invoke(cli, ["demo"])
    assert (ended.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert get_active() is None
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_demo_ignores_an_environment_that_points_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)
    run = run_demo(tmp_path / "calls.json")
    assert len(json.loads(run.file.read_bytes())) == 5
    assert os.environ["OPENAI_BASE_URL"] == HOSTILE["OPENAI_BASE_URL"]
    assert os.environ["PAYI_TRANSPORT_DISABLED"] == "1"


def test_an_output_that_cannot_be_written_is_refused_and_the_environment_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere")
    with pytest.raises(PayiConfigError, match="does not exist"):
        run_demo(tmp_path / "missing" / "calls.json")
    assert os.environ["OPENAI_BASE_URL"] == "http://elsewhere"


def test_the_demo_leaves_no_module_of_an_http_library_patched(tmp_path: Path) -> None:
    library = sys.modules[openai.DefaultHttpxClient.__mro__[1].__module__.split(".")[0]]
    before = library.Client._send_single_request
    run_demo(tmp_path / "calls.json")
    assert library.Client._send_single_request is before


def test_the_demo_ends_with_what_it_did_and_what_to_type_next(tmp_path: Path) -> None:
    pytest.importorskip("genai_prices")
    file = tmp_path / "a b.json"
    result = CliRunner().invoke(cli, ["demo", "--output", str(file)])
    refused = run_demo(tmp_path / "again.json").refusal
    end = result.stdout[result.stdout.index("\nCaptured") :].splitlines()
    assert end[:3] == [
        "",
        "Captured 5 calls of the OpenAI SDK in 2 use cases; 1 failed.",
        "A budget of $0.0032 a day for each user stopped the next call of ada:",
    ]
    assert end[3] == f"  {refused}"
    assert end[4] == "Streams report no usage unless the request asks for it, so this library asked."
    assert end[5].startswith("Nothing left this machine: the provider ran at http://127.0.0.1:")
    assert end[5].endswith(", and the events went to a file.")
    assert end[6:] == ["", f"File: {file}", f"Next: payi-transport report '{file}' --by user"]


def test_the_demo_asks_what_its_documentation_shows(tmp_path: Path) -> None:
    events = json.loads(run_demo(tmp_path / "calls.json").file.read_bytes())
    requests = [json.loads(event["provider_request_json"]) for event in events]
    models = [request["model"] for request in requests]
    assert models == ["gpt-5", "gpt-5", "gpt-5-mini", "gpt-5-mini", "gpt-5-nonexistent"]
    assert [request["messages"][0]["content"] for request in requests] == [
        *["Where is my parcel A-1815?"] * 2,
        *["Summarize the case of parcel A-1815."] * 3,
    ]
    assert requests[1]["messages"][2] == {
        "role": "tool",
        "tool_call_id": "call_1",
        "content": "arrives tomorrow",
    }
    tool = {
        "name": "find_parcel",
        "parameters": {"type": "object", "properties": {"number": {"type": "string"}}},
    }
    tools = [{"type": "function", "function": tool}]
    assert [request.get("tools") for request in requests[:3]] == [tools, tools, None]
    assert [request.get("stream") for request in requests] == [None, None, True, True, True]
