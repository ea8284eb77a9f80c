"""A sink that `config` can ask for states its section and builds itself from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payi_transport import MemorySink, PayiConfigError
from payi_transport.config.schema import Count, Section, Settings
from payi_transport.config.validation import check_config
from payi_transport.sinks.configured import CONFIGURED_SINKS, ConfiguredSink, make_configured_sink
from payi_transport.sinks.offline import OfflineSink


class ToySettings(Section, frozen=True):
    """The section of a toy sink."""

    public_name = "ToyConfig"

    level: Count = 3


class ToyConfig(Settings, frozen=True):
    """A config with the section of a toy sink."""

    toy: ToySettings | None = None


class ToySink(MemorySink):
    """A sink that is defined outside of the package."""

    config_section = "toy"

    def __init__(self, level: int) -> None:
        super().__init__()
        self.level = level

    @classmethod
    def from_section(cls, section: ToySettings) -> ToySink:
        return cls(section.level)


SINKS: tuple[ConfiguredSink, ...] = (*CONFIGURED_SINKS, ToySink)


def make(config: dict[str, Any]) -> Any:
    return make_configured_sink(check_config(config, ToyConfig), SINKS)


def test_a_sink_configured_by_config_is_one_file_and_one_section() -> None:
    sink = make({"toy": {"level": 5}})
    assert isinstance(sink, ToySink)
    assert sink.level == 5
    assert make({"toy": {}}).level == 3
    assert make({}) is None


def test_offline_instrumentation_is_such_a_section(tmp_path: Path) -> None:
    sink = make({"offline_instrumentation": {"file_name": str(tmp_path / "events.json")}})
    assert isinstance(sink, OfflineSink)
    assert sink.path == tmp_path / "events.json"


def test_two_sinks_at_once_are_refused() -> None:
    with pytest.raises(PayiConfigError) as wrong:
        make({"toy": {}, "offline_instrumentation": {}})
    assert str(wrong.value) == "config: expected one sink, got the sections offline_instrumentation, toy"


@pytest.mark.parametrize("sink", CONFIGURED_SINKS)
def test_every_configured_sink_names_a_section_of_the_config(sink: Any) -> None:
    assert sink.config_section in Settings.__struct_fields__
    assert getattr(check_config({sink.config_section: {}}), sink.config_section) is not None
