"""The section `nats`: one way to log in, and names that a server accepts."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.config.validation import check_config
from payi_transport.errors import PayiConfigError


def test_an_empty_section_is_a_server_on_this_machine() -> None:
    settings = check_config({"nats": {}}).nats
    assert settings is not None
    assert (settings.servers, settings.stream, settings.subject) == (
        ("nats://127.0.0.1:4222",),
        "PAYI",
        "payi.events",
    )


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"servers": []}, "at least one"),
        ({"stream": "my.stream"}, "'my.stream'"),
        ({"subject": "payi.*"}, r"'payi\.\*'"),
        ({"token": "t", "nkey_file": "f"}, "one way to log in, got nkey_file and token"),
        ({"user": "u", "password": "p", "token": "t"}, "one way to log in, got token and user"),
        (
            {"credentials_file": "c", "nkey_file": "f", "token": "t"},
            "one way to log in, got credentials_file and nkey_file and token",
        ),
        ({"stream": "a b"}, "a name without spaces, dots, slashes, .* got 'a b'"),
        ({"stream": "a/b"}, "'a/b'"),
        ({"stream": ""}, "''"),
        ({"subject": "a..b"}, "words with dots between them, such as 'payi.events'"),
        ({"subject": "a.>"}, "'a.>'"),
        ({"subject": "payi."}, "'payi.'"),
        ({"timeout": 86401}, "86401"),
        ({"user": "u"}, "user and password"),
        ({"password": "p"}, "user and password"),
        ({"tls_key_file": "f"}, "tls_certificate_file"),
        ({"timeout": 0}, "0"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_at_once(section: dict[str, Any], named: str) -> None:
    with pytest.raises(PayiConfigError, match=rf"config\.nats\b.*{named}(?!\w)"):
        check_config({"nats": section})


@pytest.mark.parametrize(
    "section",
    [
        {"servers": ["tls://a:4222", "nats://b"], "stream": "CALLS-1", "subject": "a.b_c.d"},
        {"credentials_file": "f"},
        {"nkey_file": "f"},
        {"token": "t"},
        {"user": "u", "password": "p"},
        {"tls_ca_file": "c", "tls_certificate_file": "d", "tls_key_file": "e", "tls_first": True},
        {"tls_certificate_file": "d"},
        {"timeout": 86400},
    ],
    ids=str,
)
def test_what_a_server_accepts_is_kept_as_it_is(section: dict[str, Any]) -> None:
    settings = check_config({"nats": section}).nats
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in section.items()}
    assert {name: getattr(settings, name) for name in section} == given


def test_a_server_has_five_seconds_and_tls_begins_when_it_says_so() -> None:
    settings = check_config({"nats": {}}).nats
    assert settings is not None
    assert (settings.timeout, settings.tls_first) == (5.0, False)
