"""Names: users and Pay-i rely on their spelling."""

from __future__ import annotations

import pytest

from payi_transport.values import names
from payi_transport.values.names import PayiCategories, PayiHeaderNames, PayiPropertyNames, PayiResourceScopes


def public(holder: type) -> dict[str, str]:
    return {name: value for name, value in vars(holder).items() if not name.startswith("_")}


# As Pay-i's ingest API documents them.
HEADERS = (
    "xProxy-Limit-IDs xProxy-Request-Properties xProxy-Request-Tags xProxy-UseCase-ID xProxy-UseCase-Name"
    " xProxy-UseCase-Version xProxy-UseCase-Step xProxy-UseCase-Properties xProxy-User-ID xProxy-Account-Name"
    " xProxy-PriceAs-Category xProxy-PriceAs-Resource xProxy-Provider-BaseUri xProxy-Resource-Scope"
    " xProxy-Api-Key xProxy-Logging-Disable"
)
CATEGORIES = (
    "system.openai system.azureopenai system.azure system.anthropic system.aws.bedrock system.google.vertex"
    " system.databricks.azure system.databricks.aws system.databricks.google"
)
PROPERTIES = (
    "system.failure system.failure.description system.account_name system.use_case_step system.user_id"
    " system.aws.bedrock.guardrail.id system.aws.bedrock.guardrail.version"
    " system.aws.bedrock.guardrail.action"
)


@pytest.mark.parametrize(
    ("holder", "values"),
    [
        (PayiHeaderNames, HEADERS),
        (PayiCategories, CATEGORIES),
        (PayiPropertyNames, PROPERTIES),
        (PayiResourceScopes, "global datazone region"),
    ],
)
def test_names_are_spelled_as_the_api_has_them(holder: type, values: str) -> None:
    assert sorted(public(holder).values()) == sorted(values.split())


def test_secret_headers_are_in_lower_case_because_they_are_compared_so() -> None:
    assert all(name == name.lower() for name in names.SECRET_HEADERS)
    assert PayiHeaderNames.api_key.lower() in names.SECRET_HEADERS


def test_what_this_library_adds_to_events_keeps_its_name() -> None:
    assert {
        name: value for name, value in vars(names).items() if name.endswith(("_PROPERTY", "_PREFIX"))
    } == {
        "STREAM_PROPERTY": "system.stream",
        "RETRY_PROPERTY": "system.retry",
        "UNITS_PROPERTY": "system.units",
        "UNITS_REASON_PROPERTY": "system.units.reason",
        "MISSING_FIELDS_PROPERTY": "system.missing_fields",
        "SERVED_MODEL_PROPERTY": "provider.served_model",
        "RESPONSE_ID_PROPERTY": "provider.response_id",
        "BILLING_PROPERTY": "system.billing",
        "ERROR_TYPE_PROPERTY": "provider.error.type",
        "ERROR_CODE_PROPERTY": "provider.error.code",
        "REFUSED_PREFIX": "system.refused.",
        "UNAPPLIED_LIMITS_PROPERTY": "system.unapplied_limit_ids",
    }


def test_what_stands_for_a_value_that_is_missing_keeps_its_name() -> None:
    assert names.DEFAULT_BASE_URL == "https://api.pay-i.com"
    assert names.UNKNOWN_RESOURCE == "system.unknown_model"
    assert names.LOCAL_REQUEST_ID == "local_instrumentation"
    assert names.STATUS_NO_RESPONSE == 299
    assert names.UNITS_WITHOUT_TOKENS == ("web_search_request", "guardrail_")


def test_headers_that_carry_secrets_are_known_by_name() -> None:
    assert {
        *("api-key", "x-api-key", "x-goog-api-key", "xproxy-api-key", "ocp-apim-subscription-key"),
        *("authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate"),
        *("cookie", "set-cookie", "set-cookie2", "x-amz-security-token"),
    } <= names.SECRET_HEADERS
