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


@pytest.mark.parametrize(
    ("origins", "text", "named"),
    [
        # The nearest table around a key that has no source.
        ({"delivery": "a", "delivery.mode": "a"}, "config.delivery.batch: x", "a: delivery.batch: x"),
        ({"nats.user": "a", "bucket.url": "b"}, "config.nats: x", "a: nats: x"),
        # A key that only begins like another is not that one.
        ({"use_case_name": "a", "use_case": "b"}, "config.use_case_id: x", "config.use_case_id: x"),
        # Two of three keys are from one source, which is named once.
        ({"n.a": "f", "n.b": "f", "n.c": "g"}, "config.n: x", "f and g: n: x"),
        # What a program passes is not named beside what it can correct.
        ({"n.a": "argument", "n.b": "f"}, "config.n: x", "f: n: x"),
        (
            {"host_mappings.a.test": "f"},
            'config.host_mappings["a.test"].format: x',
            'f: host_mappings["a.test"].format: x',
        ),
        ({"sinks": "PAYI_TRANSPORT_SINKS"}, "config.sinks: x: y", "PAYI_TRANSPORT_SINKS: x: y"),
    ],
)
def test_the_source_of_the_key_or_of_the_nearest_table_is_named(
    origins: dict[str, str], text: str, named: str
) -> None:
    with pytest.raises(PayiConfigError) as error, name_origins(origins):
        raise PayiConfigError(text)
    assert str(error.value) == named
