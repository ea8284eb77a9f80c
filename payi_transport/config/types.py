"""What users write as `config`, for type checkers: each section with its keys.

Written by `python -m tests.config.typed_dicts` from the schema, next to this module. Edit that, not this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from os import PathLike
from typing import Any, Literal, TypedDict

from payi_transport.compat import Required
from payi_transport.context.fields import ConfigFields, Texts

__all__ = [
    "PayiBucketConfig",
    "PayiBudgetConfig",
    "PayiCaptureConfig",
    "PayiDeliveryConfig",
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
    "PayiProviderConfig",
    "PayiUnitPriceConfig",
]


class PayiInstrumentHostMappingConfig(TypedDict, total=False):
    """What the calls to a host, or to a path of it, are priced as, and whether streams are asked for usage.

    `format` names the API that it speaks, if its paths don't tell.
    """

    price_as_category: str | None
    include_usage: bool | None
    format: str | None


class PayiInstrumentOfflineInstrumentationConfig(TypedDict, total=False):
    """The file that events are written to, by default one named for the time of the start."""

    file_name: str | None


class PayiNatsConfig(TypedDict, total=False):
    """The stream of NATS JetStream that events are published to, for a relay to deliver. Seconds."""

    servers: Texts | None
    stream: str | None
    subject: str | None
    credentials_file: str | None
    nkey_file: str | None
    token: str | None
    user: str | None
    password: str | None
    tls_ca_file: str | None
    tls_certificate_file: str | None
    tls_key_file: str | None
    tls_first: bool | None
    timeout: float | None


class PayiBucketConfig(TypedDict, total=False):
    """Where Parquet files with the events go: `s3://`, `gs://`, `az://`, or a folder. Seconds.

    `endpoint` is the address of a service that is compatible with S3.
    """

    url: Required[str]
    every: float | None
    endpoint: str | None
    region: str | None


class PayiOtelConfig(TypedDict, total=False):
    """Spans and metrics of OpenTelemetry for each call, beside Pay-i unless `only` says otherwise."""

    traces: bool | None
    metrics: bool | None
    content: bool | None
    only: bool | None
    cost_attribute: str | None
    content_limit: int | None
    metric_attributes: Sequence[Literal["user_id", "account_name", "use_case_name"]] | None
    metric_values: int | None


class PayiInstrumentIngestRetryConfig(TypedDict, total=False):
    """How events that could not be delivered are retried. Seconds."""

    max_inline_retries: int | None
    inline_retry_initial_delay: float | None
    queue_enabled: bool | None
    queue_max_size: int | None
    queue_interval: float | None


class PayiDeliveryConfig(TypedDict, total=False):
    """How events are delivered. Seconds, bytes."""

    mode: Literal["bulk", "single", "inline"] | None
    max_batch: int | None
    flush_interval: float | None
    ring_capacity: int | None
    max_bytes_in_flight: int | None
    spool_directory: str | None
    spool_max_bytes: int | None


class PayiCaptureConfig(TypedDict, total=False):
    """What is kept of a call. Bytes."""

    max_body_bytes: int | None
    request_headers: Texts | None


class PayiProviderConfig(TypedDict, total=False):
    """A provider's section with host mappings alone.

    Their keys are host names, URLs, or URL objects of httpx or httpx2.
    """

    host_mappings: Mapping[Any, PayiInstrumentHostMappingConfig] | None


class PayiInstrumentModelMapping(TypedDict, total=False):
    """What a model is priced as; one of the last three keys is needed.

    `host` is a host name, a URL, or a URL object of httpx or httpx2.
    """

    model: Required[str]
    host: Any
    price_as_category: str | None
    price_as_resource: str | None
    resource_scope: str | None


class PayiInstrumentModelConfig(TypedDict, total=False):
    """Settings of one model."""

    tokenizer_path: str | None


class PayiModelProviderConfig(PayiProviderConfig, total=False):
    """A provider's section with mappings of hosts and models, and settings by model."""

    model_mappings: Sequence[PayiInstrumentModelMapping] | None
    model_config: Mapping[str, PayiInstrumentModelConfig] | None


class PayiModelsConfig(TypedDict, total=False):
    """A provider's section with model mappings alone."""

    model_mappings: Sequence[PayiInstrumentModelMapping] | None


class PayiInstrumentOpenAiConfig(PayiModelProviderConfig, total=False):
    """The section of OpenAI; `azure` is an older place for the model mappings of Azure OpenAI."""

    include_usage: bool | Literal["auto"] | None
    azure: PayiModelsConfig | None


class PayiInstrumentAwsBedrockConfig(PayiModelProviderConfig, total=False):
    """The section of AWS Bedrock."""

    guardrail_trace: bool | None
    add_streaming_xproxy_result: bool | None


class PayiUnitPriceConfig(TypedDict, total=False):
    """What a unit costs in US dollars, by default a million of it."""

    input: Decimal | float | str | None
    output: Decimal | float | str | None
    per: int | None


_PayiOwnPriceConfig = TypedDict("_PayiOwnPriceConfig", {"from": Any}, total=False)


class PayiOwnPriceConfig(_PayiOwnPriceConfig, total=False):
    """What calls cost: by unit, free, as a factor of the price list, or by the hour. US dollars.

    Units that a row doesn't name cost what the price list says, times its `multiplier`.
    """

    category: str | None
    resource: str | None
    units: Mapping[str, PayiUnitPriceConfig] | None
    multiplier: Decimal | float | str | None
    free: bool | None
    cost_per_hour: Decimal | float | str | None
    tokens_per_hour: int | None
    until: Any


class PayiPricesConfig(TypedDict, total=False):
    """Prices of your own, the first that matches counts."""

    own: Sequence[PayiOwnPriceConfig] | None


class PayiBudgetConfig(TypedDict, total=False):
    """What calls may cost in a period, in US dollars.

    `by` names the scope fields whose values have a budget each, and `match` the calls that count.
    """

    amount: Required[Decimal | float | str]
    period: Literal["hour", "day", "week", "month", "quarter", "year"] | None
    zone: str | None
    by: str | Texts | None
    match: Mapping[str, str] | None
    warn_at: Sequence[float] | None
    webhook: str | None
    enforce: bool | None


class PayiInstrumentConfig(ConfigFields, total=False):
    """The `config` of `payi_instrument()`; None stands for a key's default."""

    instruments: Texts | None
    log_prompt_and_response: bool | None
    resource_attributes: bool | None
    hash_user_ids: bool | None
    required: bool | None
    require: Texts | None
    proxy: bool | None
    global_instrumentation: bool | None
    instrument_inline_data: bool | None
    connection_error_logging_window: int | None
    host_mappings: Mapping[Any, PayiInstrumentHostMappingConfig] | None
    sinks: Texts | None
    offline_instrumentation: PayiInstrumentOfflineInstrumentationConfig | str | PathLike[str] | bool | None
    nats: PayiNatsConfig | None
    bucket: PayiBucketConfig | None
    otel: PayiOtelConfig | None
    ingest_retry: PayiInstrumentIngestRetryConfig | None
    delivery: PayiDeliveryConfig | None
    capture: PayiCaptureConfig | None
    openai_config: PayiInstrumentOpenAiConfig | None
    azure_openai_config: PayiModelsConfig | None
    anthropic_config: PayiModelProviderConfig | None
    aws_config: PayiInstrumentAwsBedrockConfig | None
    openai: PayiProviderConfig | None
    azure: PayiProviderConfig | None
    anthropic: PayiProviderConfig | None
    google: PayiProviderConfig | None
    databricks: PayiProviderConfig | None
    on_limit: Callable[[str, str], Any] | None
    enforce_limits: bool | None
    enforce_states: Sequence[Literal["blocked", "blocked_external", "overrun", "exceeded", "failed"]] | None
    limit_check_interval: float | None
    prices: PayiPricesConfig | None
    time_zone: str | None
    budgets: Mapping[str, PayiBudgetConfig] | None
    budgets_file: str | None
