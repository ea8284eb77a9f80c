"""The schema: a key is one line, and everything else follows from it."""

from __future__ import annotations

from typing import ClassVar

import pytest
from msgspec import field

from payi_transport.config.schema import Section, Settings, walk_sections
from payi_transport.config.section import Count
from payi_transport.config.validation import check_config
from payi_transport.errors import PayiConfigError
from tests.config.typed_dicts import find_sections, render


class ToySettings(Section, frozen=True):
    """A section that is defined outside of the package."""

    public_name: ClassVar[str] = "ToyConfig"

    level: Count = 3


class ToyConfig(Settings, frozen=True):
    """A config with a section more."""

    public_name: ClassVar[str] = "ToyInstrumentConfig"

    toy: ToySettings = field(default_factory=ToySettings)


def test_a_config_key_is_one_line() -> None:
    assert check_config({}, ToyConfig).toy.level == 3
    assert check_config({"toy": {"level": 5}, "proxy": True}, ToyConfig).toy.level == 5
    assert "class ToyConfig(TypedDict, total=False):" in render(ToyConfig)
    assert "    level: int | None\n" in render(ToyConfig)
    assert ToySettings in find_sections(ToyConfig)
    with pytest.raises(PayiConfigError) as wrong:
        check_config({"toy": {"level": "high"}}, ToyConfig)
    assert str(wrong.value) == "config.toy.level: expected an integer from 0 to 2**53, got 'high'"
    with pytest.raises(PayiConfigError, match=r"config\.toy: unknown key 'lvl'; accepted: level"):
        check_config({"toy": {"lvl": 5}}, ToyConfig)
    with pytest.raises(PayiConfigError, match="config: unknown key 'toy'"):
        check_config({"toy": {}})


def test_sections_are_walked_in_the_order_of_the_schema_with_the_paths_of_their_keys() -> None:
    settings = check_config({"offline_instrumentation": {}})
    walked = dict(walk_sections(settings))
    assert walked[""] is settings
    assert walked["openai_config.azure."] is settings.openai_config.azure
    assert walked["offline_instrumentation."] is settings.offline_instrumentation
    paths = list(walked)
    assert paths.index("openai_config.") < paths.index("openai_config.azure.") < paths.index("aws_config.")
    assert "offline_instrumentation." not in dict(walk_sections(check_config({})))
