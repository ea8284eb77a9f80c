"""Databricks Model Serving."""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.providers.provider import HostRule, Operation, Provider, Readers, post
from payi_transport.values.names import PayiCategories
from payi_transport.values.patterns import lazy_compile

__all__ = ["PROVIDER"]

# The category of a host that the user mapped, on whichever cloud it is.
_ANY_CLOUD = "system.databricks"
_CLOUDS = (
    PayiCategories.databricks_azure,
    PayiCategories.databricks_aws,
    PayiCategories.databricks_google,
)

# A workspace serves much else.
_SERVING = lazy_compile("/(serving-endpoints|ai-gateway)/.+/(invocations|[a-z]+)$")


def _load_readers() -> Mapping[str, Readers]:
    from payi_transport.providers.databricks.readers import READERS

    return READERS


PROVIDER = Provider(
    name="databricks",
    load_readers=_load_readers,
    hosts=(
        HostRule("*.azuredatabricks.net", PayiCategories.databricks_azure, paid_paths=_SERVING),
        HostRule("*.cloud.databricks.com", PayiCategories.databricks_aws, paid_paths=_SERVING),
        HostRule("*.gcp.databricks.com", PayiCategories.databricks_google, paid_paths=_SERVING),
    ),
    operations=(
        Operation(
            name="databricks.invocations",
            category=PayiCategories.databricks_aws,
            # Endpoints also serve OpenAI's and Anthropic's paths, and those are read by the operations of
            # these providers.
            paths=(post("serving-endpoints/[^/]+/invocations"),),
            example="/serving-endpoints/my-endpoint/invocations",
        ),
    ),
    examples=dict.fromkeys(
        (_ANY_CLOUD, *_CLOUDS),
        (
            "/serving-endpoints/my-endpoint/invocations",
            "/serving-endpoints/chat/completions",
            "/serving-endpoints/anthropic/v1/messages",
        ),
    ),
    # An endpoint has a name of the customer's own, and stands for a model.
    resources_in_paths=("/serving-endpoints/([^/]+)/invocations",),
    instruments={_ANY_CLOUD: frozenset({_ANY_CLOUD, *_CLOUDS})},
)
