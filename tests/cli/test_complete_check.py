"""A wrong configuration, wherever it is, is one line that names the place and what is accepted."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payi_transport.cli.complete_check import check_here, check_sources, find_doubts
from payi_transport.cli.main import cli
from payi_transport.config.sources import load_sources
from payi_transport.errors import PayiConfigError
from tests.cli.wrong_configurations import BINARY_FILES, COMMANDS, FILES, SECRET, VARIABLES

FILE_CASES = [*((text.encode(), message) for text, message in FILES), *BINARY_FILES]


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PAYI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PAYI_API_KEY", "pk-test")
    monkeypatch.setattr(os, "execvpe", partial(start_unless_accepted, os.execvpe))


def start_unless_accepted(start: Callable[..., None], program: str, *arguments: object) -> None:
    """Stand in for `os.execvpe`: what is not refused would put `true` in place of the tests."""
    assert program != "true", "not refused"
    start(program, *arguments)


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=variables)


def assert_one_line(result: Result, begins: str) -> None:
    assert (result.exit_code, result.stdout) == (2, ""), result.exception
    assert result.stderr.startswith(f"Error: {begins}"), result.stderr
    assert result.stderr.count("\n") == 1
    assert SECRET not in result.stderr


def test_there_are_far_more_than_sixty() -> None:
    assert len(FILE_CASES) + len(VARIABLES) + len(COMMANDS) > 140


@pytest.mark.parametrize(("data", "message"), FILE_CASES, ids=range(len(FILE_CASES)))
def test_a_mistake_in_a_file_names_the_file_and_the_key(data: bytes, message: str) -> None:
    Path("payi.toml").write_bytes(data)
    assert_one_line(run("config", "check", "payi.toml"), f"payi.toml: {message}")
    # Before the program starts, and wherever the file is named.
    assert_one_line(run("run", "true", PAYI_TRANSPORT_CONFIG="payi.toml"), f"payi.toml: {message}")


@pytest.mark.parametrize(("variables", "message"), VARIABLES, ids=repr)
def test_a_mistake_in_a_variable_names_the_variable(variables: dict[str, str], message: str) -> None:
    variables = {f"PAYI_TRANSPORT_{name}": text for name, text in variables.items()}
    assert_one_line(run("run", "true", **variables), f"{[*variables][-1]}: {message}")


@pytest.mark.parametrize(("arguments", "message"), COMMANDS, ids=repr)
def test_a_mistake_on_the_command_line_names_the_argument(arguments: list[str], message: str) -> None:
    folder = Path.cwd()
    (folder / "folder").mkdir()
    (folder / "data").write_text("x")
    (folder / "other").write_text("#!/no/interpreter\n")
    (folder / "other").chmod(0o755)
    (folder / "pyproject.toml").write_text("tool = 3\n")
    assert_one_line(run(*arguments), message.format(folder=folder))


def test_a_group_without_a_command_prints_its_help() -> None:
    result = run("config")
    assert "Check a configuration file, or print what one may hold." in result.output


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("DELIVERY_MODE", "; did you mean PAYI_TRANSPORT_DELIVERY__MODE?"),
        ("API_KEY", "; did you mean PAYI_API_KEY?"),
        ("PAYI_BASE_URL", "; did you mean PAYI_BASE_URL?"),
        ("BUDGETS__TEAM__AMOUNT", "; did you mean PAYI_TRANSPORT_BUDGETS?"),
        ("ZZZZZZZZ", ""),
    ],
)
def test_an_unknown_variable_is_a_warning_and_its_value_is_not_shown(name: str, near: str) -> None:
    result = run("run", "no-such-program", **{f"PAYI_TRANSPORT_{name}": SECRET})
    warning = f"Warning: the variable PAYI_TRANSPORT_{name} is not known and is ignored{near}\n"
    assert result.stderr.startswith(warning)
    assert SECRET not in result.stderr


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"PAYI_API_KEY": " "},
            "No Pay-i API key, so events can't be delivered: set the environment variable",
        ),
        ({"PAYI_API_KEY": f"{SECRET}é"}, "PAYI_API_KEY: expected a key of ASCII letters, digits and"),
        ({"PAYI_API_KEY": f"a {SECRET}"}, "PAYI_API_KEY: expected a key of ASCII letters, digits and"),
        ({"PAYI_BASE_URL": f"u:{SECRET}@h"}, "PAYI_BASE_URL: expected an address such as https://host or"),
        (
            {"PAYI_BASE_URL": "http://api.example", "PAYI_TRANSPORT_PROXY": "1"},
            "PAYI_TRANSPORT_PROXY: expected an https address of Pay-i, or http on this machine",
        ),
    ],
    ids=repr,
)
def test_variables_of_pay_i_are_checked_as_well(variables: dict[str, str], message: str) -> None:
    assert_one_line(run("run", "true", **variables), message)


def test_headers_of_another_form_are_a_warning() -> None:
    result = run("run", "no-such-program", PAYI_CUSTOM_HEADERS=f"X-Team: a\n\n{SECRET}")
    assert "Warning: PAYI_CUSTOM_HEADERS: line 3 is not of the form `Name: value`" in result.stderr
    assert SECRET not in result.stderr


def test_keys_that_need_each_other_may_be_from_different_sources() -> None:
    Path("payi.toml").write_text("[nats]\nuser = 'a'\n[bucket]\nevery = 60\n")
    variables = {
        "PAYI_TRANSPORT_CONFIG": "payi.toml",
        "PAYI_TRANSPORT_NATS__PASSWORD": SECRET,
        "PAYI_TRANSPORT_BUCKET__URL": "bucket",
    }
    settings = check_here(load_sources(None, variables, print))
    assert settings.nats is not None and (settings.nats.user, settings.nats.password) == ("a", SECRET)
    assert settings.bucket is not None and (settings.bucket.url, settings.bucket.every) == ("bucket", 60)


def test_keys_that_exclude_each_other_name_both_sources() -> None:
    Path("payi.toml").write_text("[nats]\nnkey_file = 'a'\n")
    variables = {"PAYI_TRANSPORT_CONFIG": "payi.toml", "PAYI_TRANSPORT_NATS__CREDENTIALS_FILE": "b"}
    with pytest.raises(PayiConfigError) as error:
        check_sources(load_sources(None, variables, print))
    assert str(error.value) == (
        "payi.toml and PAYI_TRANSPORT_NATS__CREDENTIALS_FILE: nats: expected one way to log in, got"
        " credentials_file and nkey_file"
    )


def test_a_mistake_of_the_program_itself_names_the_key_alone() -> None:
    with pytest.raises(PayiConfigError, match=r"^config\.nats: user and password are needed together"):
        check_sources(load_sources({"nats": {"user": "a"}}, {"PAYI_TRANSPORT_USER_ID": "a"}, print))


def test_a_check_for_another_machine_looks_at_no_file_and_makes_none() -> None:
    config = {"offline_instrumentation": "/proc/none/c.json", "delivery": {"spool_directory": "spool"}}
    check_sources(load_sources(config, {}, print))
    check_here(load_sources({"offline_instrumentation": True}, {}, print))
    check_here(load_sources({"delivery": {"spool_directory": "spool"}}, {}, print), prepares=False)
    assert [*Path.cwd().iterdir()] == []
    check_here(load_sources({"delivery": {"spool_directory": "spool"}}, {}, print))
    assert Path("spool").is_dir()


def test_what_is_allowed_and_probably_not_meant_is_a_doubt() -> None:
    config = {"user_id": "a b", "request_tags": ["x", "y z"], "use_case_name": ""}
    assert [*find_doubts(check_sources(load_sources(config, {}, print)))] == [
        "request_tags: 'y z' may be refused: Pay-i accepts letters, digits, '-' and '_' here. It would be"
        " sent as 'y-z'",
        "user_id: 'a b' may be refused: Pay-i accepts text without spaces here. It would be sent as 'a_b'",
    ]
