"""The types of a config: they have the keys of the schema, and type checkers know them."""

from __future__ import annotations

from typing import get_type_hints

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
from payi_transport.config import budget_settings, price_settings, schema
from payi_transport.config import types as module
from payi_transport.config.validation import check_config
from payi_transport.errors import PayiConfigError
from tests.config.typed_dicts import PATH, find_sections, render

SECTIONS = find_sections()


def test_the_types_are_those_that_the_schema_makes() -> None:
    assert PATH.read_text("utf-8") == render(), "run python -m tests.config.typed_dicts"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_what_users_write_has_the_keys_of_what_is_read(section: type[schema.Section]) -> None:
    assert set(get_type_hints(getattr(module, section.public_name))) == set(section.__struct_fields__)


def test_every_section_of_the_schema_has_a_public_type() -> None:
    sections = {
        member
        for module_with_sections in (schema, price_settings, budget_settings)
        for member in vars(module_with_sections).values()
        if isinstance(member, type) and issubclass(member, msgspec.Struct) and member.__struct_fields__
    }
    assert sections - {schema.ContextSettings, price_settings.PriceDates} == set(SECTIONS)
    assert {section.public_name for section in SECTIONS} == set(module.__all__)
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


def test_a_type_checker_refuses_what_the_check_refuses() -> None:
    mode: PayiInstrumentConfig = {"delivery": {"mode": "blk"}}  # type: ignore[typeddict-item]
    usage: PayiInstrumentConfig = {"openai_config": {"include_usage": "yes"}}  # type: ignore[typeddict-item]
    unknown: PayiInstrumentHostMappingConfig = {"category": "x"}  # type: ignore[typeddict-unknown-key]
    for config in (mode, usage, {"host_mappings": {"h.test": unknown}}):
        with pytest.raises(PayiConfigError):
            check_config(config)
