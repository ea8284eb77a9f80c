"""The config from a file, the environment and arguments: who wins, and what every mistake says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from payi_transport.config.sources import load_sources, read_file
from payi_transport.errors import PayiConfigError


def load(config: Any = None, **variables: str) -> dict[str, Any]:
    def refuse(problem: str) -> None:
        raise AssertionError(problem)

    return load_sources(
        config, {f"PAYI_TRANSPORT_{name}": text for name, text in variables.items()}, refuse
    ).config


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(text: str, name: str = "payi.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("name", "text", "config"),
    [
        ("USER_ID", "7", {"user_id": "7"}),
        ("USE_CASE_VERSION", "7", {"use_case_version": 7}),
        ("REQUIRED", "no", {"required": False}),
        ("PROXY", "ON", {"proxy": True}),
        ("PROXY", "1", {"proxy": True}),
        ("REQUEST_TAGS", "a, b,,c", {"request_tags": ["a", "b", "c"]}),
        ("INSTRUMENTS", "system.openai", {"instruments": ["system.openai"]}),
        ("DELIVERY__MODE", "inline", {"delivery": {"mode": "inline"}}),
        ("DELIVERY__FLUSH_INTERVAL", "0.25", {"delivery": {"flush_interval": 0.25}}),
        ("DELIVERY", '{"mode": "single"}', {"delivery": {"mode": "single"}}),
        ("OPENAI_CONFIG__INCLUDE_USAGE", "auto", {"openai_config": {"include_usage": "auto"}}),
        ("OPENAI_CONFIG__INCLUDE_USAGE", "off", {"openai_config": {"include_usage": False}}),
        ("REQUEST_PROPERTIES", '{"Team": "a"}', {"request_properties": {"Team": "a"}}),
        ("OFFLINE_INSTRUMENTATION", "calls.json", {"offline_instrumentation": "calls.json"}),
        ("OFFLINE_INSTRUMENTATION", "yes", {"offline_instrumentation": True}),
        ("OFFLINE_INSTRUMENTATION__FILE_NAME", "c", {"offline_instrumentation": {"file_name": "c"}}),
        (
            "HOST_MAPPINGS",
            '{"gw.acme.com": {"price_as_category": "system.openai"}}',
            {"host_mappings": {"gw.acme.com": {"price_as_category": "system.openai"}}},
        ),
    ],
    ids=repr,
)
def test_the_text_of_a_variable_is_read_by_the_type_of_its_key(name: str, text: str, config: Any) -> None:
    assert load(**{name: text}) == config


def test_arguments_win_over_the_environment_and_that_over_the_file(write: Any) -> None:
    file = write(
        'user_id = "file"\naccount_name = "file"\nuse_case_name = "file"\n[delivery]\nmode = "single"\n'
    )
    variables = {"CONFIG": str(file), "USER_ID": "env", "ACCOUNT_NAME": "env", "DELIVERY__MAX_BATCH": "3"}
    merged = load({"user_id": "code", "request_tags": None, "delivery": {"max_batch": 9}}, **variables)
    assert merged == {
        "user_id": "code",
        "account_name": "env",
        "use_case_name": "file",
        "delivery": {"mode": "single", "max_batch": 9},
    }


def test_a_path_as_argument_takes_the_place_of_the_named_file(write: Any) -> None:
    other = write('user_id = "other"\n', "other.toml")
    assert load(write('user_id = "mine"\n'), CONFIG=str(other)) == {"user_id": "mine"}
    assert load(str(other)) == {"user_id": "other"}


def test_each_value_says_where_it_is_from(write: Any) -> None:
    file = write('user_id = "file"\n[delivery]\nmode = "single"\n')
    sources = load_sources(
        {"account_name": "code"},
        {"PAYI_TRANSPORT_CONFIG": str(file), "PAYI_TRANSPORT_DELIVERY__MODE": "bulk"},
        print,
    )
    assert sources.origins["user_id"] == str(file)
    assert sources.origins["delivery.mode"] == "PAYI_TRANSPORT_DELIVERY__MODE"
    assert sources.origins["account_name"] == "argument"


def test_what_takes_the_place_of_a_table_is_all_that_says_where_it_is_from(write: Any) -> None:
    file = write('[offline_instrumentation]\nfile_name = "a"\n')
    variables = {"PAYI_TRANSPORT_CONFIG": str(file), "PAYI_TRANSPORT_OFFLINE_INSTRUMENTATION": "b"}
    sources = load_sources(None, variables, print)
    assert sources.config == {"offline_instrumentation": "b"}
    assert sources.origins == {"offline_instrumentation": "PAYI_TRANSPORT_OFFLINE_INSTRUMENTATION"}


def test_the_table_of_a_project_file_is_read(write: Any) -> None:
    file = write('[project]\nname = "x"\n[tool.payi_transport]\nuser_id = "a"\n', "pyproject.toml")
    assert read_file(file) == {"user_id": "a"}


def test_the_table_of_a_project_file_in_another_file_is_refused_with_its_place(write: Any) -> None:
    with pytest.raises(
        PayiConfigError, match=r"only read from a pyproject\.toml, and here its keys are at the top"
    ):
        read_file(write('[tool.payi_transport]\nuser_id = "a"\n'))


def test_paths_in_a_file_are_relative_to_it(write: Any, tmp_path: Path) -> None:
    file = write(
        'offline_instrumentation = "calls.json"\n[delivery]\nspool_directory = "spool"\n'
        '[aws_config.model_config."cohere.embed"]\ntokenizer_path = "/etc/tokenizer.json"\n'
    )
    values = read_file(file)
    assert values["offline_instrumentation"] == str(tmp_path / "calls.json")
    assert values["delivery"] == {"spool_directory": str(tmp_path / "spool")}
    assert values["aws_config"]["model_config"]["cohere.embed"] == {"tokenizer_path": "/etc/tokenizer.json"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("DELIVERY__MDOE", "; did you mean PAYI_TRANSPORT_DELIVERY__MODE?"),
        ("USERID", "; did you mean PAYI_TRANSPORT_USER_ID?"),
        ("DELIVERY__MODE__X", "; did you mean PAYI_TRANSPORT_DELIVERY__MODE?"),
        ("QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ", ""),
    ],
)
def test_an_unknown_variable_is_a_warning_with_the_nearest_known_one(name: str, hint: str) -> None:
    problems: list[str] = []
    assert load_sources(None, {f"PAYI_TRANSPORT_{name}": "x"}, problems.append).config == {}
    assert problems == [f"the variable PAYI_TRANSPORT_{name} is not known and is ignored{hint}"]


def test_other_variables_are_not_looked_at() -> None:
    assert load(DISABLED="0") == {}
    assert load_sources(None, {"PAYI_API_KEY": "k", "HOME": "/"}, print).config == {}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("DELIVERY__MODE", "x", "expected 'bulk', 'single' or 'inline', got 'x'"),
        ("DELIVERY__FLUSH_INTERVAL", "-1", "expected a number of seconds above 0, up to 86400, got '-1'"),
        ("DELIVERY__FLUSH_INTERVAL", "soon", "expected a number of seconds above 0, up to 86400, got 'soon'"),
        ("DELIVERY__MAX_BATCH", "1.5", "expected an integer from 1 to 2**53, got '1.5'"),
        ("DELIVERY__SPOOL_DIRECTORY", "", "expected a string that is not empty, got ''"),
        ("DELIVERY", "inline", "expected a JSON object: a dict such as {'mode': ...}, got 'inline'"),
        ("DELIVERY", '{"mode": ', "expected a JSON object (Input data was truncated)"),
        ("DELIVERY", '{"mdoe": "x"}', "unknown key 'mdoe'; accepted: "),
        ("PROXY", "maybe", "expected True or False, got 'maybe'"),
        ("USE_CASE_VERSION", "v2", "expected an integer from 0 to 2**53, got 'v2'"),
        ("REQUEST_PROPERTIES", "team=a", "expected a JSON object: a dict, got 'team=a'"),
        (
            "REQUEST_PROPERTIES",
            '{"team": [1]}',
            "['team']: expected a string, a number, True or False, got [1]",
        ),
        ("HOST_MAPPINGS", '{"gw": {"category": "x"}}', "['gw']: unknown key 'category'; accepted: "),
        ("ON_LIMIT", "print", "expected a callable, got 'print'"),
        (
            "CAPTURE__REQUEST_HEADERS",
            "authorization",
            "'authorization' is a credential and is never recorded",
        ),
        ("OFFLINE_INSTRUMENTATION", "", "file_name: expected a string that is not empty, got ''"),
        ("LIMIT_CHECK_INTERVAL", "1e9", "expected a number of seconds above 0, up to 86400, got '1e9'"),
    ],
    ids=repr,
)
def test_a_wrong_variable_is_named_with_what_is_accepted(name: str, text: str, message: str) -> None:
    with pytest.raises(PayiConfigError) as error:
        load_sources(None, {f"PAYI_TRANSPORT_{name}": text}, print).check()
    assert str(error.value).startswith(f"PAYI_TRANSPORT_{name}: {message}"), error.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user_id = 7\n", "user_id: expected a string, got 7"),
        ("delivery = 'x'\n", "delivery: expected a dict such as {'mode': ...}, got 'x'"),
        ("[delivery]\nmode = 'x'\n", "delivery.mode: expected 'bulk', 'single' or 'inline', got 'x'"),
        ("[delivery]\nmdoe = 'bulk'\n", "delivery: unknown key 'mdoe'; accepted: "),
        ("delivry = 1\n", "unknown key 'delivry'; accepted: "),
        ("api_key = 'pk-secret'\n", "'api_key' looks like a secret, and a file is no place for one; set"),
        ("PAYI_API_KEY = 'pk-secret'\n", "'PAYI_API_KEY' looks like a secret"),
        ("[delivery]\ntoken = 'pk-secret'\n", "'token' looks like a secret"),
        (
            "[nats]\ntoken = 'pk-secret'\n",
            "'token' looks like a secret, and a file is no place for one; set the environment variable"
            " PAYI_TRANSPORT_NATS__TOKEN",
        ),
        ("request_tags = 'a'\n", "request_tags: expected a list of strings, got 'a'"),
        ("request_tags = [1]\n", "request_tags[0]: expected a string, got 1"),
        ("model_mappings = []\n", "unknown key 'model_mappings'"),
        (
            "[[openai_config.model_mappings]]\nmodel = 'm'\n",
            "openai_config.model_mappings[0]: one of price_as",
        ),
        (
            "[[openai_config.model_mappings]]\nhost = 'h'\n",
            "openai_config.model_mappings[0]: missing required key 'model'",
        ),
        ("user_id = \n", "not a TOML file: "),
        ("on_limit = 'print'\n", "on_limit: expected a callable, got 'print'"),
    ],
    ids=repr,
)
def test_a_wrong_file_is_named_with_the_key_and_what_is_accepted(text: str, message: str, write: Any) -> None:
    file = write(text)
    with pytest.raises(PayiConfigError) as error:
        load_sources(file, {}, print).check()
    assert str(error.value).startswith(f"{file}: {message}"), error.value
    assert "pk-secret" not in str(error.value)


def test_a_secret_in_a_wrong_value_is_not_repeated(write: Any) -> None:
    with pytest.raises(PayiConfigError) as error:
        read_file(write("proxy = 'Bearer sk-abcdefghijklmnopqrstuvwx'\n"))
    assert "abcdefghij" not in str(error.value)


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(PayiConfigError, match=r"none\.toml: can't read the file: No such file"):
        read_file(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PayiConfigError, match=r"x\.toml: not a TOML file"):
        read_file(tmp_path / "x.toml")


def test_a_project_file_without_our_table_is_refused(write: Any) -> None:
    with pytest.raises(PayiConfigError, match=r"expected a table \[tool\.payi_transport\]"):
        read_file(write("[tool.other]\n", "pyproject.toml"))


@pytest.mark.parametrize("config", [7, ["a"], {"a"}], ids=repr)
def test_a_config_of_another_type_is_refused(config: Any) -> None:
    with pytest.raises(PayiConfigError, match="config: expected a dict or the path of a file"):
        load(config)


def test_a_path_object_is_a_path(write: Any) -> None:
    file: os.PathLike[str] = write('user_id = "a"\n')
    assert load(file) == {"user_id": "a"}
