"""Errors about the merged config name the sources of the keys that they are about."""

from __future__ import annotations

import pytest

from payi_transport.config.origins import ARGUMENT, name_origins
from payi_transport.errors import PayiConfigError

ORIGINS = {
    "nats": "PAYI_TRANSPORT_NATS__PASSWORD",
    "nats.user": "payi.toml",
    "nats.password": "PAYI_TRANSPORT_NATS__PASSWORD",
    "host_mappings": "payi.toml",
    "host_mappings.gw": "payi.toml",
    "host_mappings.gw.format": "payi.toml",
    "sinks": "PAYI_TRANSPORT_SINKS",
    "delivery": ARGUMENT,
    "delivery.mode": ARGUMENT,
}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("config.nats: user: is odd", "payi.toml: nats: user: is odd"),
        (
            "config.nats: user and password",
            "payi.toml and PAYI_TRANSPORT_NATS__PASSWORD: nats: user and password",
        ),
        ("config.host_mappings['gw'].format: x", "payi.toml: host_mappings['gw'].format: x"),
        ("config.host_mappings['gw']: category", "payi.toml: host_mappings['gw']: category"),
        ("config.sinks: unknown", "PAYI_TRANSPORT_SINKS: unknown"),
        ("config.sinks[0]: unknown", "PAYI_TRANSPORT_SINKS: [0]: unknown"),
        ("config.delivery.mode: expected", "config.delivery.mode: expected"),
        ("config.unknown.key: expected", "config.unknown.key: expected"),
        ("PAYI_BASE_URL: expected", "PAYI_BASE_URL: expected"),
    ],
)
def test_an_error_names_the_source(text: str, named: str) -> None:
    with pytest.raises(PayiConfigError) as error, name_origins(ORIGINS):
        raise PayiConfigError(text)
    assert str(error.value) == named


def test_other_exceptions_pass() -> None:
    with pytest.raises(ZeroDivisionError), name_origins(ORIGINS):
        raise ZeroDivisionError
