"""Sections, and the keys that are added to them."""

from __future__ import annotations

from payi_transport.config.schema import Settings
from payi_transport.config.section import Section, walk_sections


def test_every_section_is_walked_with_the_path_of_its_keys() -> None:
    found = dict(walk_sections(Settings()))
    assert found[""] == Settings()
    assert found["openai_config.azure."] == Settings().openai_config.azure
    assert all(isinstance(section, Section) for section in found.values())


def test_the_keys_of_context_fields_are_settings() -> None:
    assert "user_id" in Settings.__struct_fields__
