"""The types by which users write a config: they have the keys of the settings, and checkers know them."""

from __future__ import annotations

from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

import payi_transport
from payi_transport import (
    PayiDeliveryConfig,
    PayiInstrumentConfig,
    PayiInstrumentHostMappingConfig,
    PayiInstrumentModelMapping,
    PayiInstrumentOpenAiConfig,
)
from payi_transport.config import settings as values
from payi_transport.config import types as module
from payi_transport.config.validation import check_config
from payi_transport.errors import PayiConfigError

PAIRS = {
    module.PayiInstrumentConfig: values.Settings,
    module.PayiInstrumentHostMappingConfig: values.HostMappingSettings,
    module.PayiProviderConfig: values.ProviderSettings,
    module.PayiModelsConfig: values.ModelsSettings,
    module.PayiModelProviderConfig: values.ModelProviderSettings,
    module.PayiInstrumentModelMapping: values.ModelMappingSettings,
    module.PayiInstrumentModelConfig: values.ModelConfigSettings,
    module.PayiInstrumentOpenAiConfig: values.OpenAISettings,
    module.PayiInstrumentAwsBedrockConfig: values.AwsSettings,
    module.PayiInstrumentOfflineInstrumentationConfig: values.OfflineSettings,
    module.PayiInstrumentIngestRetryConfig: values.IngestRetrySettings,
    module.PayiDeliveryConfig: values.DeliverySettings,
    module.PayiCaptureConfig: values.CaptureSettings,
}


@pytest.mark.parametrize(("written", "used"), PAIRS.items(), ids=lambda kind: kind.__name__)
def test_what_users_write_has_the_keys_of_what_is_used(written: type, used: type[msgspec.Struct]) -> None:
    assert set(get_type_hints(written)) == set(used.__struct_fields__)


def words_of(hint: Any) -> set[str]:
    """The words that a type names, however deep."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return set().union(*(words_of(kind) for kind in get_args(hint) if kind is not NoneType))


@pytest.mark.parametrize(("written", "used"), PAIRS.items(), ids=lambda kind: kind.__name__)
def test_what_users_may_choose_from_is_what_is_accepted(written: type, used: type[msgspec.Struct]) -> None:
    hints = get_type_hints(written)
    for key, hint in get_type_hints(used).items():
        assert words_of(hints[key]) == words_of(hint), key


def test_no_section_is_without_a_type_for_users() -> None:
    sections = {
        kind
        for kind in vars(values).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__struct_fields__
    }
    assert sections == set(PAIRS.values())
    assert {kind.__name__ for kind in PAIRS} == set(module.__all__)
    assert set(module.__all__) <= set(payi_transport.__all__)


def test_parts_of_a_config_can_be_kept_in_variables() -> None:
    hosts: dict[str, PayiInstrumentHostMappingConfig] = {"h.test": {"price_as_category": "system.openai"}}
    rows: list[PayiInstrumentModelMapping] = [{"model": "m", "price_as_resource": "r"}]
    provider: PayiInstrumentOpenAiConfig = {"include_usage": "auto", "model_mappings": rows}
    delivery: PayiDeliveryConfig = {"mode": "single"}
    config: PayiInstrumentConfig = {
        "host_mappings": hosts,
        "openai_config": provider,
        "databricks": {"host_mappings": hosts},
        "delivery": delivery,
    }
    settings = check_config(config)
    assert settings.host_mappings["h.test"].price_as_category == "system.openai"
    assert settings.openai_config.model_mappings[0].price_as_resource == "r"
    assert settings.delivery.mode == "single"


def test_what_is_wrong_is_wrong_to_a_type_checker_too() -> None:
    mode: PayiInstrumentConfig = {"delivery": {"mode": "blk"}}  # type: ignore[typeddict-item]
    usage: PayiInstrumentConfig = {"openai_config": {"include_usage": "yes"}}  # type: ignore[typeddict-item]
    unknown: PayiInstrumentHostMappingConfig = {"category": "x"}  # type: ignore[typeddict-unknown-key]
    for config in (mode, usage, {"host_mappings": {"h.test": unknown}}):
        with pytest.raises(PayiConfigError):
            check_config(config)
