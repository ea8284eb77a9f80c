"""A sink that `config` can ask for states its section and builds itself from it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from payi_transport import MemorySink, PayiConfigError
from payi_transport.config.schema import Section, Settings
from payi_transport.config.section import Count
from payi_transport.config.validation import check_config
from payi_transport.sinks.configured import (
    CONFIGURED_SINKS,
    RELAY_SINKS,
    ConfiguredSink,
    find_sink_names,
    make_configured_sink,
)
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


def make(name: str, config: dict[str, Any]) -> Any:
    return make_configured_sink(name, check_config(config, ToyConfig), SINKS)


def names(config: dict[str, Any], *named: str, is_given: bool = False) -> list[str]:
    return find_sink_names(check_config(config, ToyConfig), named, is_given=is_given, sinks=SINKS)


def test_a_sink_configured_by_config_is_one_file_and_one_section() -> None:
    sink = make("toy", {"toy": {"level": 5}})
    assert isinstance(sink, ToySink)
    assert sink.level == 5
    assert make("toy", {"toy": {}}).level == 3
    assert make("toy", {"sinks": ["toy"]}).level == 3


def test_offline_instrumentation_is_such_a_section(tmp_path: Path) -> None:
    sink = make(
        "offline_instrumentation", {"offline_instrumentation": {"file_name": str(tmp_path / "events.json")}}
    )
    assert isinstance(sink, OfflineSink)
    assert sink.path == tmp_path / "events.json"


def test_pay_i_is_the_only_sink_unless_something_else_is_asked_for() -> None:
    assert names({}) == ["payi"]
    assert names({}, is_given=True) == []
    assert names({}, "toy", "payi", is_given=True) == ["payi", "toy"]


def test_sections_are_sinks_side_by_side_and_replace_pay_i() -> None:
    both: dict[str, Any] = {"toy": {}, "offline_instrumentation": {}}
    assert names(both) == names(both, is_given=True) == ["offline_instrumentation", "toy"]


def test_sinks_that_are_listed_are_the_ones_used_with_pay_i_first() -> None:
    config: dict[str, Any] = {"toy": {}, "sinks": ["toy", "payi"]}
    assert names(config) == ["payi", "toy"]
    assert names({"toy": {}, "sinks": ["payi"]}) == ["payi"]
    assert names({"sinks": ["toy"]}, "toy", is_given=True) == ["toy"]


def test_a_section_that_does_not_replace_pay_i_is_a_sink_beside_it() -> None:
    class BesideSettings(ToySettings, frozen=True):
        """A section whose sink works beside Pay-i."""

        @property
        def replaces_payi(self) -> bool:
            return False

    settings = ToyConfig(toy=BesideSettings())
    assert find_sink_names(settings, sinks=SINKS) == ["payi", "toy"]
    assert find_sink_names(settings, is_given=True, sinks=SINKS) == ["toy"]


def test_an_unknown_sink_is_named_with_what_is_accepted() -> None:
    accepted = f"accepted: payi, {', '.join(sink.config_section for sink in SINKS)}"
    with pytest.raises(PayiConfigError) as wrong:
        names({"sinks": ["payi", "toi"]})
    assert str(wrong.value) == f"config.sinks: unknown sink 'toi' (did you mean 'toy'?); {accepted}"
    with pytest.raises(PayiConfigError) as wrong:
        names({}, "kafka", is_given=True)
    assert str(wrong.value) == f"sink: unknown sink 'kafka'; {accepted}"


def test_no_sink_at_all_is_refused_unless_the_program_gives_one() -> None:
    settings = check_config({"sinks": []})
    with pytest.raises(PayiConfigError, match=r"config.sinks: expected at least one of payi, .*, got \[\]"):
        find_sink_names(settings)
    assert find_sink_names(settings, is_given=True) == []


def test_a_sink_that_needs_its_section_says_so() -> None:
    class NeedySettings(Section, frozen=True):
        """A section with a key that has no default."""

        url: str

    class NeedyConfig(Settings, frozen=True):
        """A config with that section."""

        toy: NeedySettings | None = None

    NeedyConfig.__annotations__["toy"] = NeedySettings
    with pytest.raises(PayiConfigError) as wrong:
        make_configured_sink("toy", NeedyConfig(sinks=("toy",)), SINKS)
    assert "config.sinks: 'toy' needs the section config.toy" in str(wrong.value) and "url" in str(
        wrong.value
    )


@pytest.mark.parametrize("sink", CONFIGURED_SINKS)
def test_every_configured_sink_names_a_section_of_the_config(sink: Any) -> None:
    assert sink.config_section in Settings.__struct_fields__
    assert (
        getattr(
            check_config({sink.config_section: {"url": "x"} if sink.config_section == "bucket" else {}}),
            sink.config_section,
        )
        is not None
    )


def test_a_relay_delivers_to_what_needs_no_calls() -> None:
    assert [sink.config_section for sink in RELAY_SINKS] == ["offline_instrumentation", "bucket", "otel"]
    assert [sink.config_section for sink in CONFIGURED_SINKS] == [
        *("offline_instrumentation", "nats", "bucket", "otel"),
    ]


@pytest.mark.parametrize(
    ("sinks", "module"), [(CONFIGURED_SINKS, "sink"), (RELAY_SINKS, "relayed")], ids=["program", "relay"]
)
def test_a_missing_package_of_opentelemetry_is_named(
    sinks: tuple[ConfiguredSink, ...], module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, f"payi_transport.sinks.otel.{module}", None)
    with pytest.raises(PayiConfigError) as wrong:
        make_configured_sink("otel", check_config({"otel": {}}), sinks)
    message = str(wrong.value)
    assert message.startswith("config.otel: OpenTelemetry is missing (")
    assert message.endswith('); run: pip install "payi-transport[otel]"')


@pytest.mark.parametrize(
    ("sinks", "kind"),
    [(CONFIGURED_SINKS, "OtelSink"), (RELAY_SINKS, "RelayedSpans")],
    ids=["program", "relay"],
)
def test_spans_are_made_of_calls_and_by_a_relay_of_events(
    sinks: tuple[ConfiguredSink, ...], kind: str
) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    sink = make_configured_sink("otel", check_config({"otel": {"traces": False}}), sinks)
    assert type(sink).__name__ == kind
    sink.close()


def test_no_sink_at_all_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(PayiConfigError) as wrong:
        find_sink_names(check_config({"sinks": []}))
    accepted = "payi, offline_instrumentation, nats, bucket, otel"
    assert str(wrong.value) == f"config.sinks: expected at least one of {accepted}, got []"
