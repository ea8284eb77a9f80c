"""Sections, and the keys that are added to them."""

from __future__ import annotations

from payi_transport.config.budget_settings import BudgetSettings
from payi_transport.config.schema import Settings
from payi_transport.config.section import Section, walk_sections


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
