"""What the doctor reads from the events and counts that programs have written on this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from payi_transport.cli.doctor import examine

CALL: dict[str, Any] = {"units": {"text": {"input": 1}}}
SUBJECTS = ("require", "units", "unobserved", "events")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "calls.json"
    monkeypatch.setenv("PAYI_TRANSPORT_OFFLINE_INSTRUMENTATION", str(file))
    return file


def list_written() -> list[tuple[str, str, str]]:
    findings = examine(os.environ)
    return [(found.subject, found.level, found.text) for found in findings if found.subject in SUBJECTS]


def test_calls_without_a_required_field_are_counted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_REQUIRE", "account_name, user_id")
    assert list_written() == []
    missing = {**CALL, "properties": {"system.missing_fields": "account_name"}}
    file.write_text(json.dumps([missing, missing, CALL]))
    assert list_written() == [
        ("require", "warning", f"2 of 3 calls in {file} have no account_name"),
        ("require", "ok", f"0 of 3 calls in {file} have no user_id"),
    ]


def test_calls_without_units_are_counted(file: Path) -> None:
    file.write_text(json.dumps([{"category": "c", "properties": {"system.units": "missing"}}, CALL]))
    said = f"1 of 2 calls in {file} have no usage that could be read, and so no price"
    assert list_written() == [("units", "warning", said)]


def test_the_hosts_of_requests_that_are_not_recorded_are_shown(file: Path) -> None:
    file.write_text(json.dumps([CALL]))
    hosts = {f"{letter}.example.org": number for number, letter in enumerate("abcdefg", 1)}
    Path(f"{file}.counts").write_text(json.dumps({"unobserved": {"unmapped": 28}, "hosts": hosts}))
    *first, (_, level, rest) = list_written()
    assert [text.partition(" are")[0] for _, _, text in first] == [
        f"{hosts[host]} requests to {host}" for host in sorted(hosts, reverse=True)[:5]
    ]
    assert (level, rest) == ("warning", "3 requests to 2 other hosts, too")
    Path(f"{file}.counts").write_text(json.dumps({"unobserved": {"unmapped": 1}, "hosts": {"localhost": 1}}))
    assert list_written()[0][2].startswith("1 request to localhost is not in ")


def test_a_file_that_cannot_be_read_is_a_note(file: Path) -> None:
    file.write_text("{")
    [(subject, level, text)] = list_written()
    assert (subject, level) == ("events", "note")
    assert "isn't a file of events" in text


def test_what_a_request_may_have_cost_is_said_with_where_to_look(file: Path) -> None:
    file.write_text(json.dumps([CALL]))
    counts = {"unobserved": {"unmapped": 3}, "hosts": {"a.test": 2, "b.test": 1}}
    Path(f"{file}.counts").write_text(json.dumps(counts))
    assert list_written() == [
        (
            "unobserved",
            "warning",
            f"{said} not in {file}, and may have cost something; `payi-transport explain` says why",
        )
        for said in ("2 requests to a.test are", "1 request to b.test is")
    ]


def test_a_spool_is_looked_at_beside_the_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir(0o700)
    monkeypatch.setenv("PAYI_TRANSPORT_DELIVERY__SPOOL_DIRECTORY", str(spool))
    monkeypatch.setenv("PAYI_TRANSPORT_REQUIRE", "user_id")
    (spool / "0-x-000001.events").write_bytes(b"")
    assert list_written()[0][2] == f"0 of 0 calls in {spool} have no user_id"
    file.write_text(json.dumps([{**CALL, "properties": {"system.missing_fields": "user_id"}}]))
    assert list_written()[0] == ("require", "warning", f"1 of 1 calls in {file} and {spool} have no user_id")


def test_five_hosts_are_all_that_is_shown_and_a_sixth_is_counted(file: Path) -> None:
    file.write_text(json.dumps([CALL]))
    counts = Path(f"{file}.counts")
    hosts = {f"{letter}.test": 2 for letter in "abcde"}
    counts.write_text(json.dumps({"unobserved": {"unmapped": 10}, "hosts": hosts}))
    assert len(list_written()) == 5
    counts.write_text(json.dumps({"unobserved": {"unmapped": 11}, "hosts": {**hosts, "f.test": 1}}))
    assert list_written()[5:] == [("unobserved", "warning", "1 request to 1 other host, too")]
