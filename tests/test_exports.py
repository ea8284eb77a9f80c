"""The public names are exactly these, and each module says which are its own."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

import payi_transport
from payi_transport.api import public

PUBLIC = {
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
    "PayiBudgetConfig",
    "PayiBucketConfig",
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
}


def test_the_public_names_are_exactly_these() -> None:
    assert set(payi_transport.__all__) == PUBLIC
    assert payi_transport.__all__ == sorted(payi_transport.__all__)


def test_every_public_name_can_be_imported_and_says_what_it_is() -> None:
    for name in payi_transport.__all__:
        assert getattr(payi_transport, name).__doc__


def test_nothing_else_is_public_by_accident() -> None:
    modules = {module.name for module in pkgutil.iter_modules(payi_transport.__path__)}
    # pytest adds names with an "@" to the modules of its plugins' packages.
    visible = {name for name in dir(payi_transport) if not name.startswith(("_", "@"))}
    assert visible - modules - {"annotations"} == PUBLIC


def test_every_public_name_is_named_by_the_module_that_makes_it() -> None:
    for name in payi_transport.__all__:
        module = importlib.import_module(getattr(payi_transport, name).__module__)
        assert name in module.__all__, f"{name} is missing in {module.__name__}.__all__"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Pay'"):
        _ = payi_transport.Pay  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no attribute 'Pay'"):
        _ = public.Pay  # type: ignore[attr-defined]


def test_nothing_is_imported_before_a_name_is_asked_for() -> None:
    script = """
import sys, payi_transport
assert {name for name in sys.modules if name.startswith("payi_transport.")} == set()
assert not {"httpx", "httpx2", "msgspec", "anyio"} & set(sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr


def test_the_client_is_not_imported_before_it_is_asked_for() -> None:
    script = """
import sys, payi_transport
_ = payi_transport.track
values = {f"payi_transport.client.{name}" for name in ("account", "base_url", "proxy_urls")}
loaded = {name for name in sys.modules if name.startswith("payi_transport.client.")}
assert loaded <= values, loaded - values
assert payi_transport.Payi.__name__ == "Payi"
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
