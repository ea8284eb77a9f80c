"""Sections, and the keys that are added to them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from payi_transport.config.budget_settings import BudgetSettings
from payi_transport.config.schema import Settings
from payi_transport.config.section import Section, walk_sections
from payi_transport.config.validation import check_config


def test_every_section_is_walked_with_the_path_of_its_keys() -> None:
    found = dict(walk_sections(Settings()))
    assert found[""] == Settings()
    assert found["openai_config.azure."] == Settings().openai_config.azure
    assert all(isinstance(section, Section) for section in found.values())


def list_kinds(base: type[Section] = Section) -> list[type[Section]]:
    return [base, *(kind for child in base.__subclasses__() for kind in list_kinds(child))]


def test_no_section_can_be_changed_while_threads_read_it() -> None:
    kinds = list_kinds()
    assert {Settings, BudgetSettings, *map(type, dict(walk_sections(Settings())).values())} <= {*kinds}
    assert [kind for kind in kinds if not kind.__struct_config__.frozen] == []


def test_the_keys_of_context_fields_are_settings() -> None:
    assert "user_id" in Settings.__struct_fields__


@pytest.mark.parametrize(
    ("field", "accepted", "default"),
    [
        ("use_case_name", "a", None),
        ("use_case_version", 3, None),
        ("limit_ids", ("a",), ()),
        ("request_tags", ("a",), ()),
        ("request_properties", {"a": "b"}, {}),
        ("account_name", "a", None),
    ],
)
def test_a_context_field_is_a_key_with_its_type_and_default(field: str, accepted: Any, default: Any) -> None:
    assert getattr(Settings(), field) == default
    assert getattr(check_config({field: accepted}), field) == accepted


def test_the_repr_of_a_section_has_its_keys_and_no_secret() -> None:
    shown = repr(check_config({"nats": {"user": "u", "password": "hunter2"}}).nats)
    assert shown.startswith("{'servers': ('nats://127.0.0.1:4222',), 'stream': 'PAYI', ")
    assert "hunter2" not in shown


def test_a_section_takes_the_place_of_pay_i_unless_it_says_otherwise() -> None:
    assert BudgetSettings(amount=Decimal(1)).replaces_payi
    assert check_config({"nats": {}}).nats is not None
    settings = check_config({"nats": {}, "otel": {}})
    assert settings.nats is not None and settings.nats.replaces_payi
    assert settings.otel is not None and not settings.otel.replaces_payi
