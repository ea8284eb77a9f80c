"""The configuration as the library uses it: frozen, complete with defaults, checked by its types.

Field names are the keys that users write. Times are in seconds, sizes in bytes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

__all__ = ["Settings"]

# What is larger overflows a clock or a lock's timeout, long after the start.
_MOST = 2**53
_DAY = 24 * 60 * 60

Count = Annotated[int, Meta(ge=0, le=_MOST)]
Positive = Annotated[int, Meta(ge=1, le=_MOST)]
Seconds = Annotated[float, Meta(ge=0, le=_DAY)]
Interval = Annotated[float, Meta(gt=0, le=_DAY)]
Name = Annotated[str, Meta(min_length=1)]
Scope = Annotated[str, Meta(pattern=r"^(global|(datazone|region)(\..+)?)$")]
Properties = dict[str, str | int | float | bool]


class _Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class HostMappingSettings(_Section, frozen=True):
    price_as_category: Name | None = None
    include_usage: bool | None = None


class ModelMappingSettings(_Section, frozen=True):
    model: Name
    host: Any = None
    price_as_category: Name | None = None
    price_as_resource: Name | None = None
    resource_scope: Scope | None = None

    def __post_init__(self) -> None:
        if not (self.price_as_category or self.price_as_resource or self.resource_scope):
            raise ValueError("one of price_as_category, price_as_resource and resource_scope is needed")


class ModelConfigSettings(_Section, frozen=True):
    tokenizer_path: Name | None = None


class ModelsSettings(_Section, frozen=True):
    model_mappings: tuple[ModelMappingSettings, ...] = ()


class ProviderSettings(_Section, frozen=True):
    host_mappings: dict[Any, HostMappingSettings] = {}


class ModelProviderSettings(ProviderSettings, frozen=True):
    model_mappings: tuple[ModelMappingSettings, ...] = ()
    model_config: dict[str, ModelConfigSettings] = {}


class OpenAISettings(ModelProviderSettings, frozen=True):
    include_usage: bool | Literal["auto"] = "auto"
    azure: ModelsSettings = field(default_factory=ModelsSettings)


class AwsSettings(ModelProviderSettings, frozen=True):
    guardrail_trace: bool = True
    add_streaming_xproxy_result: bool = False


class OfflineSettings(_Section, frozen=True):
    file_name: Name | None = None


class IngestRetrySettings(_Section, frozen=True):
    max_inline_retries: Count = 0
    inline_retry_initial_delay: Seconds = 0.5
    queue_enabled: bool = True
    queue_max_size: Count = 0
    queue_interval: Interval = 5.0


class DeliverySettings(_Section, frozen=True):
    mode: Literal["bulk", "single", "inline"] = "bulk"
    max_batch: Positive = 256
    flush_interval: Interval = 0.5
    ring_capacity: Positive = 65536
    max_bytes_in_flight: Positive = 256 * 1024 * 1024
    spool_directory: Name | None = None
    spool_max_bytes: Positive = 1024 * 1024 * 1024


class CaptureSettings(_Section, frozen=True):
    max_body_bytes: Positive = 16 * 1024 * 1024
    request_headers: tuple[Name, ...] = ()


class Settings(_Section, frozen=True):
    """Every key of `config`."""

    proxy: bool = False
    global_instrumentation: bool = True
    instrument_inline_data: bool = False
    connection_error_logging_window: Count = 60
    host_mappings: dict[Any, HostMappingSettings] = {}
    offline_instrumentation: OfflineSettings | None = None
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
    use_case_name: str | None = None
    use_case_id: str | None = None
    use_case_version: int | None = None
    use_case_properties: Properties = {}
    limit_ids: tuple[str, ...] = ()
    user_id: str | None = None
    account_name: str | None = None
    request_properties: Properties = {}
    request_tags: tuple[str, ...] = ()
    on_limit: Any = None
    enforce_limits: bool = False
    limit_check_interval: Interval = 30.0

    def __post_init__(self) -> None:
        if self.on_limit is not None and not callable(self.on_limit):
            raise ValueError(f"on_limit: expected a callable, given {self.on_limit!r}")


# Every section that may hold host mappings beside the top level.
PROVIDER_SECTIONS = (
    "openai_config",
    "anthropic_config",
    "aws_config",
    "openai",
    "azure",
    "anthropic",
    "google",
    "databricks",
)
