"""Every way to log in to NATS, at a real server; and what is said where one fails."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from payi_transport import PayiConfigError
from payi_transport.sinks.nats import NatsSink
from payi_transport.sinks.nats_auth import check_login, make_login
from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_servers import NatsError
from tests.sinks.nats_logins import make_credentials, make_key
from tests.support.nats_server import NatsServer, make_settings, serve_nats

CERTIFICATE = Path(__file__).parents[1] / "tls" / "cert.pem"
KEY = CERTIFICATE.with_name("key.pem")
TLS = f'tls {{ cert_file: "{CERTIFICATE}", key_file: "{KEY}" }}'


def nkey(folder: Path) -> tuple[str, dict[str, Any]]:
    seed, pair = make_key()
    file = folder / "user.nk"
    file.write_text(f"{seed}\n")
    users = f'authorization {{ users: [ {{ nkey: "{pair.public_key.decode()}" }} ] }}'
    return users, {"nkey_file": str(file)}


def credentials(folder: Path) -> tuple[str, dict[str, Any]]:
    file, config = make_credentials(folder)
    return config, {"credentials_file": str(file)}


LOGINS: dict[str, Callable[[Path], tuple[str, dict[str, Any]]]] = {
    "token": lambda _: ('authorization { token: "t-1" }', {"token": "t-1"}),
    "user": lambda _: (
        'authorization { user: "ann", password: "p w" }',
        {"user": "ann", "password": "p w"},
    ),
    "nkey": nkey,
    "credentials": credentials,
    "tls": lambda _: (TLS, {"tls_ca_file": str(CERTIFICATE)}),
    "tls first": lambda _: (
        TLS.replace("tls {", "tls { handshake_first: true,"),
        {"tls_ca_file": str(CERTIFICATE), "tls_first": True},
    ),
    "client certificate": lambda _: (
        TLS.replace("tls {", f'tls {{ verify: true, ca_file: "{CERTIFICATE}",'),
        {
            "tls_ca_file": str(CERTIFICATE),
            "tls_certificate_file": str(CERTIFICATE),
            "tls_key_file": str(KEY),
        },
    ),
}


def connect(server: NatsServer, **settings: Any) -> NatsConnection:
    connection = NatsConnection(make_settings(server.url, **settings), "test")
    connection.open(monotonic() + 20)
    return connection


@pytest.mark.parametrize("kind", LOGINS)
def test_a_login_is_accepted_and_none_is_refused(kind: str, tmp_path: Path) -> None:
    config, settings = LOGINS[kind](tmp_path)
    with serve_nats(tmp_path, config, stream=False) as server:
        connection = connect(server, **settings)
        assert connection.is_open
        connection.drop()
        with pytest.raises(NatsError) as error:
            connect(server)
    if "tls" not in kind and "certificate" not in kind:
        assert error.value.denied
        address = f"NATS at {server.url} refuses this client: Authorization Violation"
        assert str(error.value) == f"{address}; check config.nats.servers and the credentials"


@pytest.mark.parametrize("login", ["ann:p%20w", "t-1"])
def test_a_url_may_have_the_login(login: str, tmp_path: Path) -> None:
    kind = "user" if ":" in login else "token"
    config, _ = LOGINS[kind](tmp_path)
    with serve_nats(tmp_path, config, stream=False) as server:
        url = server.url.replace("//", f"//{login}@")
        connection = NatsConnection(make_settings(url), "test")
        connection.open(monotonic() + 20)
        assert connection.is_open
        assert login not in connection.servers
        connection.drop()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"credentials_file": "{}/none"},
            "credentials_file: can't read '{}/none': No such file or directory",
        ),
        ({"nkey_file": "{}/none"}, "nkey_file: can't read '{}/none': No such file or directory"),
        (
            {"credentials_file": "{}/bad"},
            "credentials_file: '{}/bad' has no user JWT and no nkey seed; expected",
        ),
        ({"nkey_file": "{}/bad"}, "the nkey seed in '{}/bad' can't be used"),
        ({"tls_ca_file": "{}/bad"}, "can't use '{}/bad' for TLS: "),
        ({"tls_ca_file": "{}/none"}, "can't use '{}/none' for TLS: "),
        ({"tls_certificate_file": "{}/bad"}, "can't use '{}/bad' for TLS: "),
    ],
)
def test_a_file_that_can_not_be_used_is_an_error_at_the_start(
    settings: dict[str, str], problem: str, tmp_path: Path
) -> None:
    (tmp_path / "bad").write_text("SUNOTASEED")
    filled = {key: value.format(tmp_path) for key, value in settings.items()}
    with pytest.raises(PayiConfigError) as error:
        NatsSink.from_section(make_settings("nats://h", **filled))
    text = str(error.value).removeprefix("config.nats.").removeprefix("config.nats: ")
    assert text.startswith(problem.format(tmp_path))
    assert "SUNOTASEED" not in text


def test_a_file_that_is_gone_later_is_a_failure_and_no_fault(tmp_path: Path) -> None:
    _, settings = nkey(tmp_path)
    sink = NatsSink.from_section(make_settings("nats://h", **settings))
    assert sink.connection is not None
    Path(settings["nkey_file"]).unlink()
    with pytest.raises(PayiConfigError, match="nkey_file: can't read"):
        make_login(make_settings("nats://h", **settings), "nonce")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, settings = nkey(tmp_path)
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "nkeys":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(PayiConfigError) as error:
        check_login(make_settings("nats://h", **settings))
    assert str(error.value).endswith('one more package: pip install "payi-transport[nats]"')


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"token": "t", "user": "u", "password": "p"}, "expected one way to log in, got token and user"),
        ({"user": "u"}, "user and password are needed together"),
        ({"tls_key_file": "k"}, "tls_key_file needs tls_certificate_file"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        make_settings("nats://h", **settings)
    assert str(error.value) == f"config.nats: {problem}"


def test_at_least_one_server_is_needed() -> None:
    with pytest.raises(PayiConfigError, match="at least one is needed"):
        make_settings()
