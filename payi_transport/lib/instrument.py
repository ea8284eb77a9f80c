"""The names of `payi.lib.instrument`."""

from __future__ import annotations

from payi_transport import (
    PayiContext,
    PayiInstrumentAwsBedrockConfig,
    PayiInstrumentConfig,
    PayiInstrumentHostMappingConfig,
    PayiInstrumentIngestRetryConfig,
    PayiInstrumentModelConfig,
    PayiInstrumentModelMapping,
    PayiInstrumentOfflineInstrumentationConfig,
    PayiInstrumentOpenAiConfig,
    get_context,
    ingest,
    payi_instrument,
    proxy,
    track,
    track_context,
)

__all__ = [
    "PayiContext",
    "PayiInstrumentAwsBedrockConfig",
    "PayiInstrumentConfig",
    "PayiInstrumentHostMappingConfig",
    "PayiInstrumentIngestRetryConfig",
    "PayiInstrumentModelConfig",
    "PayiInstrumentModelMapping",
    "PayiInstrumentOfflineInstrumentationConfig",
    "PayiInstrumentOpenAiConfig",
    "get_context",
    "ingest",
    "payi_instrument",
    "proxy",
    "track",
    "track_context",
]
