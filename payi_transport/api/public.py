"""Every public name, which `payi_transport` itself offers.

The package imports this module when a program asks it for the first name. Until then it has imported nothing,
so that plugins which are loaded with every program, such as pytest's, cost nothing.
"""

from __future__ import annotations

import typing as _typing

from httpx import Timeout

from payi_transport.api.flush_on_exit import payi_flush_on_exit
from payi_transport.api.instrument import payi_flush, payi_instrument, payi_shutdown, payi_uninstrument
from payi_transport.api.state import payi_limits, payi_stats
from payi_transport.client.proxy_urls import (
    payi_anthropic_url,
    payi_aws_bedrock_url,
    payi_azure_anthropic_url,
    payi_azure_openai_url,
    payi_openai_url,
)
from payi_transport.config.types import (
    PayiBucketConfig,
    PayiBudgetConfig,
    PayiCaptureConfig,
    PayiDeliveryConfig,
    PayiInstrumentAwsBedrockConfig,
    PayiInstrumentConfig,
    PayiInstrumentHostMappingConfig,
    PayiInstrumentIngestRetryConfig,
    PayiInstrumentModelConfig,
    PayiInstrumentModelMapping,
    PayiInstrumentOfflineInstrumentationConfig,
    PayiInstrumentOpenAiConfig,
    PayiModelProviderConfig,
    PayiModelsConfig,
    PayiNatsConfig,
    PayiOtelConfig,
    PayiOwnPriceConfig,
    PayiPricesConfig,
    PayiProviderConfig,
    PayiUnitPriceConfig,
)
from payi_transport.context.fields import PayiContext
from payi_transport.context.headers import create_headers, create_limit_header_from_ids
from payi_transport.context.legacy_decorators import ingest, proxy
from payi_transport.context.scope import get_context, track, track_context
from payi_transport.delivery.stats import PayiStats
from payi_transport.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PayiConfigError,
    PayiError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)
from payi_transport.hooks.httpx.client import payi_async_httpx_client, payi_httpx_client
from payi_transport.hooks.httpx.transport import AsyncPayiTransport, PayiTransport
from payi_transport.sinks.memory import MemorySink
from payi_transport.sinks.protocol import Receipt, Sink
from payi_transport.values.event import Event, FunctionCall, Header, Units
from payi_transport.values.names import PayiCategories, PayiHeaderNames, PayiPropertyNames, PayiResourceScopes

if _typing.TYPE_CHECKING:
    from payi_transport.client.kpis import increment_kpi_score, increment_kpi_score_async
    from payi_transport.client.payi import AsyncPayi, Payi
else:

    def __getattr__(name: str) -> object:
        # Imported when they are asked for: most programs need none of the client.
        if name in {"AsyncPayi", "Payi"}:
            from payi_transport.client import payi as module
        elif name in {"increment_kpi_score", "increment_kpi_score_async"}:
            from payi_transport.client import kpis as module
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(module, name)


__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncPayi",
    "AsyncPayiTransport",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "Event",
    "FunctionCall",
    "Header",
    "InternalServerError",
    "MemorySink",
    "NotFoundError",
    "Payi",
    "PayiBucketConfig",
    "PayiBudgetConfig",
    "PayiCaptureConfig",
    "PayiCategories",
    "PayiConfigError",
    "PayiContext",
    "PayiDeliveryConfig",
    "PayiError",
    "PayiHeaderNames",
    "PayiInstrumentAwsBedrockConfig",
    "PayiInstrumentConfig",
    "PayiInstrumentHostMappingConfig",
    "PayiInstrumentIngestRetryConfig",
    "PayiInstrumentModelConfig",
    "PayiInstrumentModelMapping",
    "PayiInstrumentOfflineInstrumentationConfig",
    "PayiInstrumentOpenAiConfig",
    "PayiModelProviderConfig",
    "PayiModelsConfig",
    "PayiNatsConfig",
    "PayiOtelConfig",
    "PayiOwnPriceConfig",
    "PayiPricesConfig",
    "PayiPropertyNames",
    "PayiProviderConfig",
    "PayiResourceScopes",
    "PayiStats",
    "PayiTransport",
    "PayiUnitPriceConfig",
    "PermissionDeniedError",
    "RateLimitError",
    "Receipt",
    "Sink",
    "Timeout",
    "Units",
    "UnprocessableEntityError",
    "create_headers",
    "create_limit_header_from_ids",
    "get_context",
    "increment_kpi_score",
    "increment_kpi_score_async",
    "ingest",
    "payi_anthropic_url",
    "payi_async_httpx_client",
    "payi_aws_bedrock_url",
    "payi_azure_anthropic_url",
    "payi_azure_openai_url",
    "payi_flush",
    "payi_flush_on_exit",
    "payi_httpx_client",
    "payi_instrument",
    "payi_limits",
    "payi_openai_url",
    "payi_shutdown",
    "payi_stats",
    "payi_uninstrument",
    "proxy",
    "track",
    "track_context",
]
