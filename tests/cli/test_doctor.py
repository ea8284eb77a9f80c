"""The doctor names what would keep events from arriving, and shows no secret."""

from __future__ import annotations

import email.utils
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from payi_transport import MemorySink, payi_instrument
from payi_transport.cli.doctor import Finding, examine, examine_clock, has_errors
from payi_transport.cli.main import cli
from tests.support.origin import CannedResponse, Origin
from tests.support.programs import ROOT

KEY = "pk-secret-of-mine"
LIST = b'{"items": [], "has_next_page": false, "has_previous_page": false}'


TAKES_KEY = CannedResponse([LIST], headers={"content-type": "application/json"})


def examine_with(origin: Origin, monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[Finding]:
    variables = {"PAYI_API_KEY": KEY, "PAYI_BASE_URL": origin.url, **variables}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return examine(os.environ)


def find(findings: list[Finding], level: str) -> list[str]:
    return [f"{finding.subject}: {finding.text}" for finding in findings if finding.level == level]


def test_nothing_is_wrong_where_payi_answers(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    origin.responses = [TAKES_KEY]
    findings = examine_with(origin, monkeypatch)
    assert not has_errors(findings)
    assert f"Pay-i: {origin.url} responds and accepts the key" in find(findings, "ok")
    assert any(line.startswith("httpx: ") and line.endswith(", hooked") for line in find(findings, "ok"))
    assert [request.method for request in origin.received] == ["GET"]


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (CannedResponse([b"{}"], status=401), "rejects the key (status 401)"),
        (CannedResponse([b"{}"], status=403), "rejects the key (status 403)"),
        (CannedResponse([b"{}"], status=500), "responds with an error (status 500)"),
    ],
)
def test_what_payi_refuses_is_an_error(
    response: CannedResponse, message: str, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.responses = [response]
    assert find(examine_with(origin, monkeypatch), "error") == [f"Pay-i: {origin.url} {message}"]


def test_an_address_where_nobody_is_is_an_error(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    origin.refuse_connections()
    [error] = find(examine_with(origin, monkeypatch), "error")
    assert error.startswith(f"Pay-i: {origin.url} can't be reached: ")


@pytest.mark.parametrize(
    ("ahead", "level", "text"),
    [
        (300, "error", "this clock is 300 s ahead of Pay-i's"),
        (241, "error", "this clock is 241 s ahead of Pay-i's"),
        (240, "ok", "this clock is 240 s ahead of Pay-i's"),
        (10, "ok", "this clock is 10 s ahead of Pay-i's"),
        (0, "ok", "this clock is 0 s behind Pay-i's"),
        (-300, "ok", "this clock is 300 s behind Pay-i's"),
    ],
)
def test_a_clock_that_is_ahead_is_an_error(ahead: float, level: Any, text: str) -> None:
    date = "Sat, 28 Nov 2026 12:00:00 GMT"
    now = email.utils.parsedate_to_datetime(date).timestamp() + ahead
    [finding] = examine_clock(date, now)
    assert finding == Finding("clock", level, text)


def test_a_date_that_is_none_says_nothing() -> None:
    assert list(examine_clock("soon", 0)) == []


def test_limits_that_work_in_proxy_mode_only_are_warnings(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = {"limit_id": "b", "limit_name": "n", "limit_type": "block", "max": 1, "limit_basis": "monthly"}
    body = json.dumps({"limit": limit, "request_id": "r"}).encode()
    headers = {"content-type": "application/json"}
    origin.responses = [
        TAKES_KEY,
        CannedResponse([body], headers=headers),
        CannedResponse([body.replace(b"block", b"allow")], headers=headers),
        CannedResponse([b"{}"], status=404),
    ]
    findings = examine_with(origin, monkeypatch, PAYI_TRANSPORT_LIMIT_IDS="b,a,missing")
    assert [line for line in find(findings, "warning") if "limit" in line] == [
        "limit: 'b' is of type block, which Pay-i refuses on events: it works in proxy mode only"
    ]
    assert find(findings, "error") == ["limit: 'missing' can't be read (status 404)"]


def test_the_config_is_shown_with_where_it_is_from(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.responses = [TAKES_KEY]
    file = tmp_path / "payi.toml"
    file.write_text('account_name = "acme"\n[delivery]\nmode = "single"\n')
    findings = examine_with(
        origin,
        monkeypatch,
        PAYI_TRANSPORT_CONFIG=str(file),
        PAYI_TRANSPORT_DELIVERY__MODE="bulk",
        PAYI_TRANSPORT_USE_CASE_NAME="my case",
        PAYI_TRANSPORT_REQUEST_TAGS="a b,c",
        PAYI_TRANSPORT_USER="x",
        PAYI_TRANSPORT_HOST_MAPPINGS='{"gw": {"price_as_category": "system.opnai"}}',
        https_proxy="http://user:word@proxy:1",
        no_proxy="127.0.0.1",
    )
    shown = find(findings, "ok")
    assert f"config: account_name = 'acme', from {file}" in shown
    assert "config: delivery.mode = 'bulk', from PAYI_TRANSPORT_DELIVERY__MODE" in shown
    warnings = "\n".join(find(findings, "warning"))
    for part in (
        "sent as 'my-case'",
        "sent as 'a-b'",
        "PAYI_TRANSPORT_USER is not known",
        "'system.openai'?",
    ):
        assert part in warnings
    assert "proxy: https_proxy is set: http://proxy:1" in find(findings, "note")


def test_a_config_that_cannot_be_used_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_PROXY", "maybe")
    assert find(examine(os.environ), "error") == [
        "config: PAYI_TRANSPORT_PROXY: expected True or False, got 'maybe'"
    ]


def test_without_a_key_that_is_not_required_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_REQUIRED", "no")
    assert any("no key is set" in line for line in find(examine(os.environ), "warning"))


def test_the_spool_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_OFFLINE_INSTRUMENTATION", "calls.json")
    spool = tmp_path / "spool"
    monkeypatch.setenv("PAYI_TRANSPORT_DELIVERY__SPOOL_DIRECTORY", str(spool))
    assert f"spool: {spool} will be created" in find(examine(os.environ), "ok")
    spool.mkdir(0o700)
    (spool / "0-x-000001.events").write_bytes(b"x" * 1234)
    assert f"spool: {spool} holds 1,234 bytes in 1 file" in find(examine(os.environ), "ok")
    (spool / "0-x-000002.events").write_bytes(b"x")
    (spool / "lock").write_bytes(b"not counted")
    assert f"spool: {spool} holds 1,235 bytes in 2 files" in find(examine(os.environ), "ok")
    spool.chmod(0o777)
    [error] = find(examine(os.environ), "error")
    assert error.startswith("spool: ") and str(spool) in error


def test_a_library_that_lacks_what_is_hooked_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(httpx.Client, "_send_single_request")
    assert any("has no httpx." in line for line in find(examine(os.environ), "error"))


def test_what_another_library_has_wrapped_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    original = httpx.Client._send_single_request

    class Wrapper:
        __wrapped__ = original

        def __get__(self, instance: Any, owner: Any) -> Any:
            return original.__get__(instance, owner)

        def __call__(self, *args: Any) -> Any:
            return original(*args)

    monkeypatch.setattr(httpx.Client, "_send_single_request", Wrapper())
    notes = find(examine(os.environ), "note")
    assert any(line.startswith("others: httpx:Client:_send_single_request") for line in notes)


def test_what_this_library_has_wrapped_is_not_another_librarys() -> None:
    payi_instrument(sink=MemorySink())
    assert not any(line.startswith("others: ") for line in find(examine({}), "note"))


def test_a_package_that_is_missing_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payi_transport.cli.doctor._find_version", lambda name: None)
    notes = find(examine(os.environ), "note")
    assert "httpx2: not installed" in notes
    assert "SDKs: no known SDK is installed" in notes


def test_the_output_ends_with_the_errors_and_the_code_is_1() -> None:
    ran = CliRunner().invoke(cli, ["doctor"], env={"PAYI_API_KEY": "", "COLUMNS": "200"})
    assert ran.exit_code == 1
    assert "No Pay-i API key" in ran.output.splitlines()[-3]
    assert ran.output.endswith("1 problem would keep events from arriving.\n")


def test_warnings_alone_are_counted_and_the_code_is_0() -> None:
    environment = {"PAYI_TRANSPORT_REQUIRED": "no", "PAYI_TRANSPORT_USR": "1", "PAYI_TRANSPORT_QQQ": "1"}
    ran = CliRunner().invoke(cli, ["doctor"], env=environment)
    assert ran.exit_code == 0
    assert ran.output.endswith("Nothing keeps events from arriving. 3 warnings above.\n")


def test_json_holds_the_same_and_no_secret(origin: Origin) -> None:
    origin.responses = [TAKES_KEY]
    environment = {"PAYI_API_KEY": KEY, "PAYI_BASE_URL": origin.url}
    ran = CliRunner().invoke(cli, ["doctor", "--json"], env=environment)
    assert ran.exit_code == 0
    assert {row["level"] for row in json.loads(ran.output)} <= {"ok", "note", "warning", "error"}
    assert KEY not in ran.output


def test_an_isolated_interpreter_is_a_warning() -> None:
    code = (
        f"import sys, os; sys.path.insert(0, {str(ROOT)!r}); from payi_transport.cli.doctor import examine\n"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-c", code + "print(examine(os.environ))"], capture_output=True, text=True
    )
    assert "-I and -E ignore PYTHONPATH" in ran.stdout, ran.stderr


def test_no_secret_of_a_section_is_shown(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    origin.responses = [TAKES_KEY]
    section = '{"user": "ann", "password": "hunter2", "servers": ["nats://bob:hunter2@h"]}'
    findings = examine_with(origin, monkeypatch, PAYI_TRANSPORT_NATS=section)
    shown = find(findings, "ok")
    assert "config: nats.password = <removed>, from PAYI_TRANSPORT_NATS" in shown
    assert "config: nats.user = 'ann', from PAYI_TRANSPORT_NATS" in shown
    assert "hunter2" not in str(findings)
