"""Secrets in files are refused with the variable for them; what is no secret is not."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.config.secrets_in_files import refuse_secrets
from payi_transport.errors import PayiConfigError


@pytest.mark.parametrize(
    ("values", "variable"),
    [
        ({"nats": {"token": "t"}}, "PAYI_TRANSPORT_NATS__TOKEN"),
        ({"nats": {"servers": ["a", "nats://u:p@h"]}}, "PAYI_TRANSPORT_NATS__SERVERS"),
        ({"bucket": {"url": "s3://k:p@b"}}, "PAYI_TRANSPORT_BUCKET__URL"),
        ({"azure": {"host_mappings": {"https://u:p@h": {}}}}, "PAYI_TRANSPORT_AZURE__HOST_MAPPINGS"),
        ({"account": {"keys": {"secret": "s"}}}, "PAYI_API_KEY"),
    ],
    ids=repr,
)
def test_a_secret_is_refused_with_its_variable(values: dict[str, Any], variable: str) -> None:
    with pytest.raises(
        PayiConfigError, match=f"is no place for one; set the environment variable {variable}$"
    ):
        refuse_secrets(values)


@pytest.mark.parametrize(
    "values",
    [
        {"request_properties": {"key": "customer-7"}},
        {"budgets": {"token": {"amount": 5, "webhook": "https://hooks.test/x"}}},
        {"host_mappings": {"https://h/a": {"price_as_category": "x"}}},
        {"nats": {"nkey_file": "k", "servers": ["nats://h", 7]}},
        {"nats": "text"},
    ],
    ids=repr,
)
def test_names_of_the_users_own_are_not_secrets(values: dict[str, Any]) -> None:
    refuse_secrets(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"nats": {"servers": ["nats://u:hunter2@h"]}},
            "nats.servers: 'nats://h' has a password in it, and a file is no place for one; set the"
            " environment variable PAYI_TRANSPORT_NATS__SERVERS",
        ),
        (
            {"host_mappings": {"https://u:hunter2@h": {}}},
            "host_mappings: 'https://h' has a password in it, and a file is no place for one; set the"
            " environment variable PAYI_TRANSPORT_HOST_MAPPINGS",
        ),
        (
            {"payi": {"url": "https://u:hunter2@h"}},
            "payi.url: 'https://h' has a password in it, and a file is no place for one; set the environment"
            " variable PAYI_API_KEY",
        ),
        (
            {"nats": {"password": "hunter2"}},
            "'password' looks like a secret, and a file is no place for one; set the environment variable"
            " PAYI_TRANSPORT_NATS__PASSWORD",
        ),
    ],
)
def test_a_secret_is_named_by_its_place_and_not_shown(values: dict[str, Any], message: str) -> None:
    with pytest.raises(PayiConfigError) as refused:
        refuse_secrets(values)
    assert str(refused.value) == message


@pytest.mark.parametrize("values", [{"request_tags": ["://u:p@h"]}, {"user_id": "https://u:p@h"}], ids=repr)
def test_an_address_with_a_password_is_refused_whatever_key_has_it(values: dict[str, Any]) -> None:
    with pytest.raises(PayiConfigError, match="has a password in it"):
        refuse_secrets(values)
