"""The options of `payi-transport serve`."""

from __future__ import annotations

import re
import signal
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from payi_transport.cli.main import cli
from payi_transport.errors import PayiError
from payi_transport.routing.hosts import parse_host
from payi_transport.runtime.ending_signals import list_ending_signals
from payi_transport.serve import start
from payi_transport.serve.command import open_service
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from tests.serve.events import NOON, item, make_items, span

OPTIONS: dict[str, Any] = {
    "file": None,
    "host": "127.0.0.1",
    "port": 0,
    "token": None,
    "hosts": (),
    "config": None,
    "upstreams": (),
    "strict": False,
    "keep": None,
    "keep_content": None,
    "is_demo": False,
    "forget_user": None,
    "forget_account": None,
}
CONFIG = """
[host_mappings."gw.example.org"]
price_as_category = "system.openai"
[[prices.own]]
resource = "in-house"
units = { text = { input = 4, output = 8 } }
"""


def test_options_become_settings(tmp_path: Path) -> None:
    config = tmp_path / "payi.toml"
    config.write_text(CONFIG)
    options = {"config": config, "keep": "90d", "keep_content": "3", "token": "", "hosts": ["payi.lan"]}
    made = start.make_settings({**OPTIONS, **options, "upstreams": ("openai=https://gw.example.org/",)})
    assert (made.keep_days, made.keep_content_days, made.token, made.hosts) == (90, 3, None, ("payi.lan",))
    assert list(made.mappings) == [parse_host("gw.example.org")]
    assert made.prices is not None and len(made.prices.own) == 1
    assert made.upstreams == {"openai": "https://gw.example.org"}


def test_the_store_is_in_the_folder_for_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert start.find_default_file({"XDG_DATA_HOME": "/data"}) == Path("/data/payi-transport/serve.sqlite")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert start.find_default_file({}) == tmp_path / ".local/share/payi-transport/serve.sqlite"


# 0 might mean that nothing stays, or that everything does.
@pytest.mark.parametrize("text", ["", "x", "-1", "3w", "1.5", "123456d", "0", "0d", "00 d"])
def test_a_time_to_keep_is_a_number_of_days(text: str) -> None:
    with pytest.raises(PayiError, match="--keep: expected a number of days such as 90d"):
        start.read_days("--keep", text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *((text, "expected a provider and an address") for text in ("openai", "=https://h", "openai=")),
        ("opnai=https://h", "expected one of anthropic.*, got 'opnai'"),
        *(
            (f"openai={url}", "expected an address such as https://gateway.example.org")
            for url in (
                *("h", "ftp://h", "https://", "https://*.h", "https://u:p@h", "https://h?k=1", "https://h#x"),
                *("https://[", "https://h:x", "file:///etc/passwd", "https://h h"),
            )
        ),
    ],
)
def test_an_upstream_is_a_provider_and_an_address(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PayiError, match=message):
        settings = start.make_settings({**OPTIONS, "file": tmp_path / "s", "upstreams": (text,)})
        settings.check()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Service]:
    """Note the services that would run until the process ends."""
    services: list[Service] = []
    monkeypatch.setattr(start, "run_server", lambda service, made: services.append(service))
    return services


def test_the_address_is_printed(tmp_path: Path, served: list[Service]) -> None:
    lines: list[str] = []
    start.serve({**OPTIONS, "file": tmp_path / "s"}, lines.append)
    assert lines[0].startswith("Serving http://127.0.0.1:") and "PAYI_API_KEY=local" in lines[0]
    start.serve({**OPTIONS, "file": tmp_path / "s", "token": "secret"}, lines.append)
    assert "/?token=..." in lines[1] and "secret" not in "".join(lines)
    assert len(served) == 2


@pytest.mark.parametrize(
    ("hosts", "words"),
    [((), "by this machine's address, or its name with --allow-host."), (("a.lan", "b"), "by a.lan or b.")],
)
def test_a_service_for_other_machines_says_how_to_call_it(
    hosts: tuple[str, ...], words: str, tmp_path: Path, served: list[Service]
) -> None:
    lines: list[str] = []
    options = {"file": tmp_path / "s", "host": "0.0.0.0", "token": "t", "hosts": hosts}  # noqa: S104
    start.serve({**OPTIONS, **options}, lines.append)
    assert "0.0.0.0" not in "".join(lines)  # noqa: S104
    assert re.search(r"PAYI_BASE_URL=http://127\.0\.0\.1:\d+ ", lines[1])
    assert lines[2] == f"Elsewhere, replace 127.0.0.1 {words}"


def test_the_demo_has_a_store_of_its_own(served: list[Service]) -> None:
    lines: list[str] = []
    start.serve({**OPTIONS, "is_demo": True}, lines.append)
    assert "made-up calls" in lines[0]
    assert not served[0].store.path.exists()


def test_the_store_of_the_demo_is_removed_when_the_service_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {number: signal.getsignal(number) for number in list_ending_signals()}
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(start, "run_server", lambda service, made: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(SystemExit) as ended:
        start.serve({**OPTIONS, "is_demo": True}, lambda line: None)
    assert (ended.value.code, list(tmp_path.iterdir())) == (0, [])
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    file = tmp_path / "s"
    with open_service(ServeSettings(file=file)) as service:
        items = make_items(item(NOON, user_id="ann"), item(account_name="Globex"), item(user_id="bob"))
        service.ingest_bulk(items, updates=False).result()
    return file


def test_someone_is_forgotten_instead_of_serving(filled: Path, served: list[Service]) -> None:
    lines: list[str] = []
    options = {**OPTIONS, "file": filled, "forget_user": "ann", "forget_account": "Globex"}
    assert start.serve(options, lines.append) == 0
    assert lines == ["Forgot the user 'ann' in 1 calls", "Forgot the account 'Globex' in 1 calls"]
    assert served == []
    with open_service(ServeSettings(file=filled)) as service:
        calls = service.queries.calls(span()).calls
        assert {(call.user, call.account) for call in calls} == {("", ""), ("bob", "")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--forget-account", "globex"], "has the account 'globex'; did you mean 'Globex'?"),
        (["--forget-user", "zoe"], "has the user 'zoe'\n"),
        # It is an account.
        (["--forget-user", "Globex"], "has the user 'Globex'\n"),
        (["--forget-user", "ann", "--forget-account", "x"], "Forgot the user 'ann' in 1 calls\nNo call in"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_someone_whom_the_store_does_not_have_is_exit_code_1(
    options: list[str], message: str, filled: Path
) -> None:
    ran = CliRunner().invoke(cli, ["serve", "--file", str(filled), *options])
    assert (ran.exit_code, message in ran.output) == (1, True), ran.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--forget-user", "ann"], "there is no store at"),
        (["--forget-user", ""], "expected a name, got ''"),
        (["--forget-user", "ann", "--forget-account", ""], "expected a name, got ''"),
        (["--forget-user", "ann", "--demo"], "exclude each other"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_can_not_be_forgotten_makes_no_store(options: list[str], message: str, tmp_path: Path) -> None:
    ran = CliRunner().invoke(cli, ["serve", "--file", str(tmp_path / "typo"), *options])
    assert ran.exit_code == 2 and message in ran.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "0.0.0.0"], "so it needs --token"),  # noqa: S104
        (["--port", "99999"], "is not in the range 0<=x<=65535"),
        (["--keep", "x"], "--keep: expected a number of days"),
        (["--upstream", "x=https://h"], "expected one of"),
        (["--config", "/nowhere.toml"], "can't read the file"),
        (["--keep-content", "0d"], "leave it out to delete nothing"),
        (["--keep", "3d", "--keep-content", "90d"], "--keep-content 90d is longer than --keep 3d"),
        *(
            (["--allow-host", name], "expected a name such as payi.lan")
            for name in ("", "http://x", "x:8383", "x/", "*.lan", "bücher.lan", "payi.lan.", "::1", "a b")
        ),
        (["--host", "nosuch.invalid", "--token", "t"], "choose another --host"),
        (["--host", "x" * 70, "--token", "t"], "choose another --host"),
        (["--host", "ü" * 70, "--token", "t"], "choose another --host"),
        # An address of documentation, which no machine has.
        (["--host", "192.0.2.1", "--token", "t"], "choose another --host"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_can_not_be_used_is_one_line(options: list[str], message: str, tmp_path: Path) -> None:
    ran = CliRunner().invoke(cli, ["serve", "--file", str(tmp_path / "s"), *options])
    assert ran.exit_code == 2 and message in ran.output and "Traceback" not in ran.output


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = CliRunner().invoke(cli, ["serve", "--file", str(tmp_path / "s"), "--port", port])
    assert ran.exit_code == 2 and f"can't listen on 127.0.0.1:{port}" in ran.output
    assert "choose another --port" in ran.output
