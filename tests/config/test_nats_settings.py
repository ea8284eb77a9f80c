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
        ({"user": "u"}, "user and password"),
        ({"password": "p"}, "user and password"),
        ({"tls_key_file": "f"}, "tls_certificate_file"),
        ({"timeout": 0}, "0"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_at_once(section: dict[str, Any], named: str) -> None:
    with pytest.raises(PayiConfigError, match=rf"config\.nats\b.*{named}"):
        check_config({"nats": section})
