"""The names that Pay-i's API defines, and those that this library adds to its events.

Source: the public `payi` SDK and the documentation of the ingest API.
"""

from __future__ import annotations

from typing import Final

__all__ = ["PayiCategories", "PayiHeaderNames", "PayiPropertyNames", "PayiResourceScopes"]

DEFAULT_BASE_URL: Final = "https://api.pay-i.com"
UNKNOWN_RESOURCE: Final = "system.unknown_model"
# The request id of an event that did not go to Pay-i, but to a file or to a sink of the user's.
LOCAL_REQUEST_ID: Final = "local_instrumentation"
# The status of an event whose call failed before any HTTP status arrived.
STATUS_NO_RESPONSE: Final = 299


class PayiHeaderNames:
    """Headers that set the context of one call, and those that Pay-i's proxy reads."""

    limit_ids: Final = "xProxy-Limit-IDs"
    request_properties: Final = "xProxy-Request-Properties"
    request_tags: Final = "xProxy-Request-Tags"
    use_case_id: Final = "xProxy-UseCase-ID"
    use_case_name: Final = "xProxy-UseCase-Name"
    use_case_version: Final = "xProxy-UseCase-Version"
    use_case_step: Final = "xProxy-UseCase-Step"
    use_case_properties: Final = "xProxy-UseCase-Properties"
    user_id: Final = "xProxy-User-ID"
    account_name: Final = "xProxy-Account-Name"
    price_as_category: Final = "xProxy-PriceAs-Category"
    price_as_resource: Final = "xProxy-PriceAs-Resource"
    provider_base_uri: Final = "xProxy-Provider-BaseUri"
    resource_scope: Final = "xProxy-Resource-Scope"
    api_key: Final = "xProxy-Api-Key"
    logging_disable: Final = "xProxy-Logging-Disable"


class PayiCategories:
    """Categories of the providers whose prices Pay-i knows."""

    anthropic: Final = "system.anthropic"
    openai: Final = "system.openai"
    azure_openai: Final = "system.azureopenai"
    azure: Final = "system.azure"
    aws_bedrock: Final = "system.aws.bedrock"
    google_vertex: Final = "system.google.vertex"
    databricks_azure: Final = "system.databricks.azure"
    databricks_aws: Final = "system.databricks.aws"
    databricks_google: Final = "system.databricks.google"


class PayiPropertyNames:
    """Request properties that have a meaning to Pay-i."""

    failure: Final = "system.failure"
    failure_description: Final = "system.failure.description"
    account_name: Final = "system.account_name"
    use_case_step: Final = "system.use_case_step"
    user_id: Final = "system.user_id"
    aws_bedrock_guardrail_id: Final = "system.aws.bedrock.guardrail.id"
    aws_bedrock_guardrail_version: Final = "system.aws.bedrock.guardrail.version"
    aws_bedrock_guardrail_action: Final = "system.aws.bedrock.guardrail.action"


class PayiResourceScopes:
    """Where a request was processed, for the models whose price depends on it."""

    global_scope: Final = "global"
    datazone_scope: Final = "datazone"
    region_scope: Final = "region"


# The category of Pay-i's own host, until the path of a request names the provider.
PROXY_CATEGORY: Final = "payi.proxy"

# The key in a request's extensions that keeps a second hook from recording the same call.
RECORDED_MARK: Final = "payi_transport"

# Properties that this library adds.
STREAM_PROPERTY: Final = "system.stream"
RETRY_PROPERTY: Final = "system.retry"
UNITS_PROPERTY: Final = "system.units"
# Why the units are missing, or not all of them, if it was not the provider that left them out.
UNITS_REASON_PROPERTY: Final = "system.units.reason"
# The fields that the configuration requires and the call did not have, with commas between them.
MISSING_FIELDS_PROPERTY: Final = "system.missing_fields"
SERVED_MODEL_PROPERTY: Final = "provider.served_model"
RESPONSE_ID_PROPERTY: Final = "provider.response_id"
# What the names of units begin with that count no tokens.
UNITS_WITHOUT_TOKENS: Final = ("web_search_request", "guardrail_")
# How a call is paid for, if not by its units: "subscription".
BILLING_PROPERTY: Final = "system.billing"
ERROR_TYPE_PROPERTY: Final = "provider.error.type"
ERROR_CODE_PROPERTY: Final = "provider.error.code"
# What Pay-i refused of an event, by the name of the field, and the limits that work in proxy mode only.
REFUSED_PREFIX: Final = "system.refused."
UNAPPLIED_LIMITS_PROPERTY: Final = "system.unapplied_limit_ids"

# Headers that carry secrets: they are never recorded, even if `capture.request_headers` names them.
SECRET_HEADERS: Final = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "ocp-apim-subscription-key",
        "proxy-authenticate",
        "proxy-authorization",
        "set-cookie",
        "set-cookie2",
        "www-authenticate",
        "x-amz-security-token",
        "x-api-key",
        "x-goog-api-key",
        "xproxy-api-key",
    }
)
