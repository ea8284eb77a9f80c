"""What a type accepts, in the words of an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_type_hints

import pytest

from payi_transport.config.expected import describe, find_section
from payi_transport.config.schema import ModelMappingSettings, OfflineSettings, Section
from payi_transport.config.section import Count, Name
from tests.config.typed_dicts import find_sections


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (str, "a string"),
        (str | None, "a string"),
        (int | None, "an integer of at most 64 bits"),
        (float, "a number"),
        (bool, "True or False"),
        (bool | Literal["auto"], "True, False or 'auto'"),
        (Literal["bulk", "single", "inline"] | None, "'bulk', 'single' or 'inline'"),
        (Count, "an integer from 0 to 2**53"),
        (Name | None, "a string that is not empty"),
        (tuple[str, ...], "a list of strings"),
        (tuple[Name, ...], "a list of strings"),
        (tuple[Count, ...], "a list, each item an integer from 0 to 2**53"),
        (tuple[Literal["a", "b"], ...], "a list, each item 'a' or 'b'"),
        (int | str | float, "an integer of at most 64 bits, a string or a number"),
        (ModelMappingSettings, "a dict such as {'model': ...}"),
        (tuple[ModelMappingSettings, ...], "a list of dicts"),
        (dict[str, int], "a dict"),
        (OfflineSettings | None, "a file name, True, False or a dict such as {'file_name': ...}"),
        (Callable[[str, str], Any] | None, "a callable"),
    ],
    ids=str,
)
def test_a_type_is_described_in_pythons_words(hint: Any, words: str) -> None:
    assert describe(hint) == words


@pytest.mark.parametrize("section", find_sections(), ids=lambda section: section.__name__)
def test_every_key_of_the_schema_can_be_described(section: type[Section]) -> None:
    for name, hint in get_type_hints(section, include_extras=True).items():
        if name in section.__struct_fields__ and hint is not Any:
            assert describe(hint)


def test_a_section_is_found_with_and_without_none() -> None:
    assert find_section(OfflineSettings) is OfflineSettings
    assert find_section(OfflineSettings | None) is OfflineSettings
    assert find_section(str | None) is None
    assert find_section(dict[str, OfflineSettings]) is None
