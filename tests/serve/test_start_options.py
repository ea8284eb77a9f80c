"""What the options of `payi-transport serve` become, and what it says when it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payi_transport.errors import PayiError
from payi_transport.serve import demo, start
from payi_transport.serve.command import open_service
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from tests.serve.events import NOON, item, make_items
from tests.serve.test_start import OPTIONS


def test_each_option_becomes_its_setting(tmp_path: Path) -> None:
    options = {"host": "h", "port": 7, "token": "t", "strict": True, "file": tmp_path / "x"}
    made = start.make_settings({**OPTIONS, **options})
    assert (made.host, made.port, made.token, made.strict) == ("h", 7, "t", True)
    assert made.file == tmp_path / "x"
    assert (made.mappings, made.prices, made.upstreams, made.hosts) == ({}, None, {}, ())
    assert (made.keep_days, made.keep_content_days) == (None, None)


def test_without_a_file_it_is_in_the_folder_for_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert start.make_settings(OPTIONS).file == Path("/data/payi-transport/serve.sqlite")


@pytest.mark.parametrize(
    ("text", "days"),
    [("1", 1.0), ("1d", 1.0), (" 90 d ", 90.0), ("007d", 7.0), ("99999d", 99999.0), (None, None)],
)
def test_a_time_to_keep_may_have_a_unit(text: str | None, days: float | None) -> None:
    assert start.read_days("--keep", text) == days


def test_a_time_that_cannot_be_kept_is_refused_by_its_option() -> None:
    with pytest.raises(PayiError) as raised:
        start.read_days("--keep-content", "0d")
    assert str(raised.value) == (
        "--keep-content: expected a number of days such as 90d, at least 1, got '0d'; leave it out to delete"
        " nothing"
    )


def test_upstreams_are_read_one_by_one_without_slashes_at_their_ends() -> None:
    texts = ("openai=https://a//", "anthropic=https://b/c=d")
    assert start.read_upstreams(texts) == {"openai": "https://a", "anthropic": "https://b/c=d"}
    with pytest.raises(PayiError) as raised:
        start.read_upstreams(("openai",))
    assert str(raised.value) == (
        "--upstream: expected a provider and an address, such as openai=https://gateway.example.org, got"
        " 'openai'"
    )


def serve(monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[list[str], list[int]]:
    """Return what is printed, and how many calls each service that would run has."""
    lines: list[str] = []
    calls: list[int] = []

    def note(service: Service, made: Any) -> None:
        calls.append(service.queries.state().calls)

    monkeypatch.setattr(start, "run_server", note)
    assert start.serve({**OPTIONS, **options}, lines.append) == 0
    return lines, calls


def test_a_service_says_where_it_is_and_how_to_report_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "s"
    [line], calls = serve(monkeypatch, file=file)
    first, second = line.splitlines()
    address = first.split()[1]
    assert first == f"Serving {address} from {file}; Ctrl+C ends it."
    assert second == f"Report here: PAYI_BASE_URL={address} PAYI_API_KEY=local"
    assert calls == [0]


def test_a_service_with_a_token_does_not_say_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [first, second], _ = serve(monkeypatch, file=tmp_path / "s", token="secret")
    address = second.split()[1]
    assert first == f"The page asks for the token once: {address}/?token=..."
    assert second.endswith(f"PAYI_BASE_URL={address} PAYI_API_KEY=...")


def test_the_demo_may_have_a_file_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "demo"
    monkeypatch.setattr(demo, "fill", lambda service: 3)
    lines, _ = serve(monkeypatch, file=file, is_demo=True)
    assert lines[0] == f"Stored 3 made-up calls in {file}"
    assert file.exists()


def test_the_demo_without_a_file_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "fill", lambda service: 3)
    lines, _ = serve(monkeypatch, is_demo=True)
    file = Path(lines[0].removeprefix("Stored 3 made-up calls in "))
    assert file.name == "demo.sqlite" and file.parent.name.startswith("payi-demo-")
    assert not file.parent.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"forget_user": "ann"}, "there is no store at {file}: choose another --file"),
        ({"forget_user": ""}, "--forget-user and --forget-account: expected a name, got ''"),
        (
            {"forget_account": "acme", "is_demo": True},
            "--demo and --forget-... exclude each other: all names of the demo are made up",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_forgotten_is_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    file = tmp_path / "s"
    with pytest.raises(PayiError) as raised:
        start.serve({**OPTIONS, "file": file, **options}, lambda line: None)
    assert str(raised.value) == message.format(file=file)


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        ({"forget_user": "ann"}, 0, ["Forgot the user 'ann' in 2 calls"]),
        (
            {"forget_user": "anm", "forget_account": "acme"},
            1,
            [
                "No call in {file} has the user 'anm'; did you mean 'ann'?",
                "Forgot the account 'acme' in 1 calls",
            ],
        ),
        ({"forget_account": "ann"}, 1, ["No call in {file} has the account 'ann'"]),
    ],
    ids=str,
)
def test_it_is_said_who_was_forgotten_in_how_many_calls(
    options: dict[str, Any], code: int, expected: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "s"
    with open_service(ServeSettings(file=file)) as service:
        made = make_items(item(NOON, user_id="ann"), item(user_id="ann"), item(account_name="acme"))
        service.ingest_bulk(made, updates=False).result()
    lines: list[str] = []
    assert start.serve({**OPTIONS, "file": file, **options}, lines.append) == code
    assert lines == [line.format(file=file) for line in expected]
