"""Which login a client of NATS uses, of those in the settings and in the URL of a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payi_transport import PayiConfigError
from payi_transport.sinks.nats_auth import check_login, make_login
from tests.support.nats_server import make_settings


@pytest.mark.parametrize(
    ("settings", "url", "login"),
    [
        ({}, (None, None), {}),
        ({}, ("ann", None), {"auth_token": "ann"}),
        ({}, ("ann", "pw"), {"user": "ann", "pass": "pw"}),
        ({}, ("ann", ""), {"user": "ann", "pass": ""}),
        ({"token": "t"}, ("ann", "pw"), {"auth_token": "t"}),
        ({"user": "bob", "password": "x"}, ("ann", "pw"), {"user": "bob", "pass": "x"}),
    ],
)
def test_the_login_of_the_settings_wins_over_that_of_the_url(
    settings: dict[str, Any], url: tuple[str | None, str | None], login: dict[str, str]
) -> None:
    assert make_login(make_settings("nats://h", **settings), "nonce", *url) == login


@pytest.mark.parametrize("kind", ["credentials_file", "nkey_file"])
def test_a_file_wins_over_the_login_of_the_url_and_signs_the_nonce(kind: str, tmp_path: Path) -> None:
    nkeys = pytest.importorskip("nkeys")
    logins = pytest.importorskip("tests.sinks.nats_logins")
    seed, pair = logins.make_key()
    file = tmp_path / "file"
    blocks = (
        "-----BEGIN NATS USER JWT-----\na.b.c\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
    file.write_text(blocks if kind == "credentials_file" else f"{seed}\n")
    settings = make_settings("nats://h", **{kind: str(file)})
    signatures = []
    for nonce in ("one", "two"):
        login = make_login(settings, nonce, "ann", "pw")
        signatures.append(login.pop("sig"))
        assert login == (
            {"jwt": "a.b.c"} if kind == "credentials_file" else {"nkey": pair.public_key.decode()}
        )
    assert len(set(signatures)) == 2
    assert nkeys is not None


@pytest.mark.parametrize("missing", ["JWT", "SEED"])
def test_a_credentials_file_needs_both_of_its_blocks(missing: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    block = "USER NKEY SEED" if missing == "JWT" else "NATS USER JWT"
    file.write_text(f"-----BEGIN {block}-----\nabc\n------END {block}------\n")
    with pytest.raises(PayiConfigError) as wrong:
        check_login(make_settings("nats://h", credentials_file=str(file)))
    assert str(wrong.value) == (
        f"config.nats.credentials_file: {str(file)!r} has no user JWT and no nkey seed; expected a file as"
        " `nsc generate creds` writes it"
    )


def test_all_files_that_tls_may_lack_are_named() -> None:
    files = {"tls_ca_file": "/no/ca", "tls_certificate_file": "/no/cert", "tls_key_file": "/no/key"}
    with pytest.raises(PayiConfigError) as wrong:
        check_login(make_settings("nats://h", **files))
    assert str(wrong.value).startswith(
        "config.nats: can't use '/no/ca', '/no/cert', '/no/key' for TLS: [Errno 2] No such file"
    )
