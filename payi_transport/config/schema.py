"""The schema of `config`: each section once, as the frozen, checked value that the library reads.

A key is one line: its name, which users write, its type, and its default. The rest follows: checking reads
the types, errors quote the descriptions, and the TypedDicts for users' type checkers in `types.py` are
generated from here (`python -m tests.config.typed_dicts`; a test compares). The keys that are context fields
come from the table in `context/fields.py`.

Times are in seconds, sizes in bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, field

from payi_transport.config.budget_settings import BudgetSettings
from payi_transport.config.nats_settings import NatsSettings
from payi_transport.config.otel_settings import OtelSettings
from payi_transport.config.price_settings import PricesSettings
from payi_transport.config.section import (
    Count,
    Interval,
    Name,
    Positive,
    Seconds,
    Section,
    add_context_keys,
    walk_sections,
)
from payi_transport.context.frame import FIELDS

__all__ = ["Section", "Settings", "add_context_keys", "walk_sections"]

# All but "ok", in which nothing could ever be called.
LimitState = Literal["blocked", "blocked_external", "overrun", "exceeded", "failed"]
_REQUIRABLE = tuple(event for _, event, _ in FIELDS.event_fields)
_PROPERTY = r"(request_properties|use_case_properties)\..+"
RequiredField = Annotated[
    str,
    Meta(
        pattern=rf"^({'|'.join(_REQUIRABLE)}|{_PROPERTY})$",
        description=f"{', '.join(map(repr, _REQUIRABLE))} or 'request_properties.<name>'",
    ),
]
ResourceScope = Annotated[
    str,
    Meta(
        pattern=r"^(global|(datazone|region)(\..+)?)$",
        description="'global', 'datazone', 'region', 'datazone.<name>' or 'region.<name>'",
    ),
]


class HostMappingSettings(Section, frozen=True):
    """What the calls to a host, or to a path of it, are priced as, and whether streams are asked for usage.

    `format` names the API that it speaks, if its paths don't tell.
    """

    public_name = "PayiInstrumentHostMappingConfig"

    price_as_category: Name | None = None
    include_usage: bool | None = None
    # Checked by `collect_host_mappings`, which knows the APIs.
    format: Name | None = None


class ModelMappingSettings(Section, frozen=True):
    """What a model is priced as; one of the last three keys is needed.

    `host` is a host name, a URL, or a URL object of httpx or httpx2.
    """

    public_name = "PayiInstrumentModelMapping"

    model: Name
    # Any, because it may be a URL object, and this folder imports no HTTP library that defines one.
    host: Any = None
    price_as_category: Name | None = None
    price_as_resource: Name | None = None
    resource_scope: ResourceScope | None = None

    def __post_init__(self) -> None:
        if not (self.price_as_category or self.price_as_resource or self.resource_scope):
            raise ValueError("one of price_as_category, price_as_resource and resource_scope is needed")


class ModelConfigSettings(Section, frozen=True):
    """Settings of one model."""

    public_name = "PayiInstrumentModelConfig"

    tokenizer_path: Name | None = None


class ModelsSettings(Section, frozen=True):
    """A provider's section with model mappings alone."""

    public_name = "PayiModelsConfig"

    model_mappings: tuple[ModelMappingSettings, ...] = ()


class ProviderSettings(Section, frozen=True):
    """A provider's section with host mappings alone.

    Their keys are host names, URLs, or URL objects of httpx or httpx2.
    """

    public_name = "PayiProviderConfig"

    host_mappings: dict[Any, HostMappingSettings] = field(default_factory=dict)


class ModelProviderSettings(ProviderSettings, frozen=True):
    """A provider's section with mappings of hosts and models, and settings by model."""

    public_name = "PayiModelProviderConfig"

    model_mappings: tuple[ModelMappingSettings, ...] = ()
    model_config: dict[str, ModelConfigSettings] = field(default_factory=dict)


class OpenAISettings(ModelProviderSettings, frozen=True):
    """The section of OpenAI; `azure` is an older place for the model mappings of Azure OpenAI."""

    public_name = "PayiInstrumentOpenAiConfig"

    # Some compatible hosts reject a request with `stream_options`, so "auto" asks only those known to
    # accept it.
    include_usage: bool | Literal["auto"] = "auto"
    azure: ModelsSettings = field(default_factory=ModelsSettings)


class AwsSettings(ModelProviderSettings, frozen=True):
    """The section of AWS Bedrock."""

    public_name = "PayiInstrumentAwsBedrockConfig"

    # Without the trace, Bedrock does not report what a guardrail used.
    guardrail_trace: bool = True
    add_streaming_xproxy_result: bool = False


class OfflineSettings(Section, frozen=True):
    """The file that events are written to, by default one named for the time of the start."""

    public_name = "PayiInstrumentOfflineInstrumentationConfig"
    shorthand = "str | PathLike[str] | bool"

    file_name: Name | None = None


class BucketSettings(Section, frozen=True):
    """Where Parquet files with the events go: `s3://`, `gs://`, `az://`, or a folder. Seconds.

    `endpoint` is the address of a service that is compatible with S3.
    """

    public_name = "PayiBucketConfig"

    url: Name
    every: Interval = 900.0
    endpoint: Name | None = None
    region: Name | None = None


class IngestRetrySettings(Section, frozen=True):
    """How events that could not be delivered are retried. Seconds."""

    public_name = "PayiInstrumentIngestRetryConfig"

    max_inline_retries: Count = 0
    inline_retry_initial_delay: Seconds = 0.5
    queue_enabled: bool = True
    queue_max_size: Count = 0
    queue_interval: Interval = 5.0


class DeliverySettings(Section, frozen=True):
    """How events are delivered. Seconds, bytes."""

    public_name = "PayiDeliveryConfig"

    mode: Literal["bulk", "single", "inline"] = "bulk"
    max_batch: Positive = 256
    flush_interval: Interval = 0.5
    # Two bounds on one queue: small calls reach the number first, large ones the bytes.
    ring_capacity: Positive = 65536
    max_bytes_in_flight: Positive = 256 * 1024 * 1024
    spool_directory: Name | None = None
    spool_max_bytes: Positive = 1024 * 1024 * 1024


class CaptureSettings(Section, frozen=True):
    """What is kept of a call. Bytes."""

    public_name = "PayiCaptureConfig"

    # Usage comes last, so of a larger body the end is kept along with the beginning.
    max_body_bytes: Positive = 16 * 1024 * 1024
    request_headers: tuple[Name, ...] = ()


if TYPE_CHECKING:
    # Type checkers need a class statement. At run time, the keys come from the table.
    class ContextSettings(Section, frozen=True):
        """The keys that are context fields, which are read by name from the table."""
else:
    ContextSettings = add_context_keys(Section, FIELDS)
    ContextSettings.public_name = "ConfigFields"


class Settings(ContextSettings, frozen=True):
    """The `config` of `payi_instrument()`; None stands for a key's default."""

    public_name = "PayiInstrumentConfig"

    # None means every category. Checked by `check_instruments`, which knows them.
    instruments: tuple[Name, ...] | None = None
    log_prompt_and_response: bool = True
    # Whether OpenTelemetry's variables about the program become properties of requests.
    resource_attributes: bool = True
    # Whether user ids leave the process as hashes.
    hash_user_ids: bool = False
    required: bool = True
    # Calls without these fields are counted, never refused.
    require: tuple[RequiredField, ...] = ()
    proxy: bool = False
    global_instrumentation: bool = True
    instrument_inline_data: bool = False
    connection_error_logging_window: Count = 60
    # Any, because a key may be a URL object. `parse_host` decides about it.
    host_mappings: dict[Any, HostMappingSettings] = field(default_factory=dict)
    # None means Pay-i, or what has a section. Checked by `find_sink_names`, which knows the sinks.
    sinks: tuple[Name, ...] | None = None
    # None, unlike other sections: having one of these at all is what asks for its sink.
    offline_instrumentation: OfflineSettings | None = None
    nats: NatsSettings | None = None
    bucket: BucketSettings | None = None
    otel: OtelSettings | None = None
    ingest_retry: IngestRetrySettings = field(default_factory=IngestRetrySettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    capture: CaptureSettings = field(default_factory=CaptureSettings)
    openai_config: OpenAISettings = field(default_factory=OpenAISettings)
    azure_openai_config: ModelsSettings = field(default_factory=ModelsSettings)
    anthropic_config: ModelProviderSettings = field(default_factory=ModelProviderSettings)
    aws_config: AwsSettings = field(default_factory=AwsSettings)
    openai: ProviderSettings = field(default_factory=ProviderSettings)
    azure: ProviderSettings = field(default_factory=ProviderSettings)
    anthropic: ProviderSettings = field(default_factory=ProviderSettings)
    google: ProviderSettings = field(default_factory=ProviderSettings)
    databricks: ProviderSettings = field(default_factory=ProviderSettings)
    on_limit: Callable[[str, str], Any] | None = None
    enforce_limits: bool = False
    enforce_states: tuple[LimitState, ...] = ("blocked", "blocked_external", "overrun")
    limit_check_interval: Interval = 30.0
    prices: PricesSettings = field(default_factory=PricesSettings)
    # Of reports. None is the zone of the machine.
    time_zone: Name | None = None
    budgets: dict[Name, BudgetSettings] = field(default_factory=dict)
    # Where the sums are kept; None is a file in this user's state directory.
    budgets_file: Name | None = None
