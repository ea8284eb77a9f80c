"""How the text of a variable is read, and what is said of a variable that is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payi_transport.config.sources import load_sources, read_file
from payi_transport.errors import PayiConfigError
from payi_transport.runtime.run_start import RUN_START_VARIABLE


def read(name: str, text: str) -> Any:
    return load_sources(None, {f"PAYI_TRANSPORT_{name}": text}, print).config


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in ("true", "1", "yes", "on", " YES ", "True")),
        *((text, False) for text in ("false", "0", "no", "off", "Off", " FALSE")),
    ],
)
def test_a_switch_has_four_words_for_each_side(text: str, value: bool) -> None:
    assert read("PROXY", text) == {"proxy": value}
    assert read("OFFLINE_INSTRUMENTATION", text) == {"offline_instrumentation": value}
    assert read("OTEL__ONLY", text) == {"otel": {"only": value}}


@pytest.mark.parametrize(
    ("name", "text", "config"),
    [
        ("LIMIT_IDS", '["a,b", "c"]', {"limit_ids": ["a,b", "c"]}),
        ("SINKS", "payi, otel", {"sinks": ["payi", "otel"]}),
        ("NATS__SERVERS", "nats://a,nats://b", {"nats": {"servers": ["nats://a", "nats://b"]}}),
        ("REQUEST_TAGS", "", {"request_tags": []}),
        ("OFFLINE_INSTRUMENTATION", '{"file_name": "c"}', {"offline_instrumentation": {"file_name": "c"}}),
        ("USER_ID", '{"a": 1}', {"user_id": '{"a": 1}'}),
        ("USER_ID", " a ", {"user_id": "a"}),
        ("USER_ID", "[a]", {"user_id": "[a]"}),
        ("NATS__USER", "no", {"nats": {"user": "no"}}),
    ],
)
def test_lists_tables_and_texts_are_told_apart_by_the_key(name: str, text: str, config: Any) -> None:
    assert read(name, text) == config


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("LIMIT_IDS", '["a"', "expected a JSON array, or items with commas (Input data was truncated)"),
        ("DELIVERY", "{", "expected a JSON object (Input data was truncated)"),
        ("REQUEST_PROPERTIES", "[1]", "expected a JSON object: a dict, got '[1]'"),
        ("NATS", "hunter2", "expected a JSON object: a dict such as {'servers': ...}, got '<removed>'"),
        ("NATS__TIMEOUT", "x", "expected a number of seconds above 0, up to 86400, got 'x'"),
    ],
)
def test_a_text_that_cannot_be_read_is_reported_with_what_is_expected(
    name: str, text: str, message: str
) -> None:
    with pytest.raises(PayiConfigError) as refused:
        read(name, text)
    assert str(refused.value) == f"PAYI_TRANSPORT_{name}: {message}"


@pytest.mark.parametrize("text", ["", "true", "FALSE", "1", "0", "yes", "no", "on", " off "])
def test_the_variable_that_switches_all_off_takes_the_words_of_a_switch(text: str) -> None:
    assert read("DISABLED", text) == {}


@pytest.mark.parametrize("text", ["2", "maybe"])
def test_another_word_for_it_is_refused(text: str) -> None:
    with pytest.raises(PayiConfigError) as refused:
        read("DISABLED", text)
    assert str(refused.value) == f"PAYI_TRANSPORT_DISABLED: expected True or False, got {text!r}"


def test_variables_that_are_no_keys_are_no_reason_to_warn() -> None:
    names = ("PAYI_TRANSPORT_RUN", RUN_START_VARIABLE, "PAYI_API_KEY", "PAYI_BASE_URL", "PAYI")
    problems: list[str] = []
    assert load_sources(None, dict.fromkeys(names, "x"), problems.append).config == {}
    assert problems == []


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("PAYI_TRANSPORT_API_KEY", "PAYI_API_KEY"),
        ("PAYI_TRANSPORT_PAYI_BASE_URL", "PAYI_BASE_URL"),
        ("PAYI_TRANSPORT_CUSTOM_HEADERS", "PAYI_CUSTOM_HEADERS"),
        ("PAYI_TRANSPORT_HOST_MAPPINGS__GW__FORMAT", "PAYI_TRANSPORT_HOST_MAPPINGS"),
        ("PAYI_TRANSPORT_PRICES__OWN__X", "PAYI_TRANSPORT_PRICES__OWN"),
        ("PAYI_TRANSPORT_BUCKET_URL", "PAYI_TRANSPORT_BUCKET__URL"),
    ],
)
def test_a_variable_that_is_not_known_is_reported_with_the_one_that_was_meant(
    variable: str, meant: str
) -> None:
    problems: list[str] = []
    load_sources(None, {variable: "x"}, problems.append)
    assert problems == [f"the variable {variable} is not known and is ignored; did you mean {meant}?"]


def test_a_table_of_tools_elsewhere_is_reported_with_where_its_keys_go(tmp_path: Path) -> None:
    file = tmp_path / "payi.toml"
    file.write_text('[tool.payi_transport]\nuser_id = "a"\n')
    with pytest.raises(PayiConfigError) as refused:
        read_file(file)
    assert str(refused.value) == (
        f"{file}: unknown key 'tool'; the table [tool.payi_transport] is only read from a pyproject.toml, and"
        " here its keys are at the top of the file"
    )
    project = tmp_path / "pyproject.toml"
    for text in ("", "tool = 3", "[tool]\npayi_transport = 3"):
        project.write_text(text)
        with pytest.raises(PayiConfigError) as refused:
            read_file(project)
        assert str(refused.value) == f"{project}: expected a table [tool.payi_transport]"


def test_nested_tables_of_three_sources_are_merged_key_by_key(tmp_path: Path) -> None:
    file = tmp_path / "payi.toml"
    host = '[host_mappings."a.test"]\nprice_as_category = "a"\nformat = "cohere"\n'
    file.write_text(f'{host}[nats]\nuser = "f"\n')
    variables = {"PAYI_TRANSPORT_HOST_MAPPINGS": '{"a.test": {"price_as_category": "b"}}'}
    sources = load_sources(
        {"host_mappings": {"a.test": {"include_usage": True}, "b.test": {}}, "nats": {"user": None}},
        {**variables, "PAYI_TRANSPORT_CONFIG": str(file)},
        print,
    )
    assert sources.config == {
        "host_mappings": {
            "a.test": {"price_as_category": "b", "format": "cohere", "include_usage": True},
            "b.test": {},
        },
        "nats": {"user": "f"},
    }
    assert sources.origins["host_mappings.a.test.format"] == str(file)
    assert sources.origins["host_mappings.a.test.include_usage"] == "argument"
    assert sources.origins["host_mappings.b.test"] == "argument"
    assert sources.origins["nats.user"] == str(file)
