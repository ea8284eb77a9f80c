"""`payi-transport run`: what it puts into the environment, and what it refuses before the program starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from payi_transport import autostart
from payi_transport.cli.main import cli
from payi_transport.cli.run import check_settings, explain_failure, make_environment, replace_process
from payi_transport.errors import PayiConfigError, PayiError
from payi_transport.runtime.run_start import RUN_START_VARIABLE
from tests.support.programs import ROOT

FOLDER = str(Path(autostart.__file__).parent)


def test_the_folder_of_the_autostart_comes_first() -> None:
    assert make_environment({})["PYTHONPATH"] == FOLDER
    assert make_environment({"PYTHONPATH": "/a"})["PYTHONPATH"] == os.pathsep.join([FOLDER, "/a"])


def test_a_run_inside_another_is_part_of_it_unless_it_has_a_file_of_its_own(tmp_path: Path) -> None:
    outer = make_environment({})
    assert make_environment(outer)[RUN_START_VARIABLE] == outer[RUN_START_VARIABLE]
    inner = make_environment({**outer, RUN_START_VARIABLE: "1"}, offline=tmp_path / "calls.json")
    assert float(inner[RUN_START_VARIABLE]) > 1


def test_files_are_named_so_that_the_program_may_change_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = make_environment({}, config=Path("payi.toml"), offline=Path("calls.json"))
    assert made["PAYI_TRANSPORT_CONFIG"] == str(tmp_path / "payi.toml")
    assert made["PAYI_TRANSPORT_OFFLINE_INSTRUMENTATION"] == str(tmp_path / "calls.json")


def test_tags_are_added_to_the_properties_of_requests() -> None:
    name = "PAYI_TRANSPORT_REQUEST_PROPERTIES"
    made = make_environment({name: '{"team": "a", "n": 1}'}, tags=["team=b", "url=x=y"])
    assert json.loads(made[name]) == {"team": "b", "n": 1, "url": "x=y"}


@pytest.mark.parametrize("tag", ["team", "=a", ""])
def test_a_tag_without_a_name_or_value_is_refused(tag: str) -> None:
    with pytest.raises(PayiConfigError, match="--tag: expected key=value"):
        make_environment({}, tags=[tag])


def test_properties_that_are_no_json_are_refused() -> None:
    with pytest.raises(PayiConfigError, match="PAYI_TRANSPORT_REQUEST_PROPERTIES: expected a JSON object"):
        make_environment({"PAYI_TRANSPORT_REQUEST_PROPERTIES": "a=b"}, tags=["a=b"])


def test_a_missing_key_is_refused_unless_no_key_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PayiError, match="No Pay-i API key"):
        check_settings({}, print)
    check_settings({"PAYI_TRANSPORT_REQUIRED": "no"}, print)
    check_settings({"PAYI_TRANSPORT_OFFLINE_INSTRUMENTATION": "c"}, print)
    monkeypatch.setenv("PAYI_API_KEY", "k")
    check_settings({}, print)


def test_a_program_that_does_not_exist_is_named() -> None:
    with pytest.raises(PayiError, match=r"'/nowhere/job' can't be run: No such file or directory$"):
        replace_process(["/nowhere/job"], {})
    with pytest.raises(PayiError, match="put `python` in front of it"):
        replace_process(["/nowhere/job.py"], {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([sys.executable, "-c", ""], "No Pay-i API key"),
        (["--tag", "x", sys.executable], "--tag: expected key=value"),
        (["--config", "none.toml", sys.executable], "can't read the file"),
        ([], "Missing argument 'COMMAND...'"),
    ],
    ids=["key", "tag", "config", "command"],
)
def test_what_is_refused_is_one_line_and_the_code_2(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "payi_transport", "run", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 2
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_program_takes_the_place_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(os, "execvpe", lambda *arguments: started.extend(arguments))
    environment = {"PAYI_API_KEY": "k", "PAYI_TRANSPORT_USERID": "x"}
    ran = CliRunner().invoke(cli, ["run", "--", "job", "--flag"], env=environment)
    assert (ran.exit_code, started[:2]) == (0, ["job", ["job", "--flag"]])
    assert "Warning: the variable PAYI_TRANSPORT_USERID is not known" in ran.output


def test_a_file_is_checked_and_what_is_doubtful_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "payi.toml"
    file.write_text('[host_mappings."gw.acme.com"]\nprice_as_category = "system.opnai"\n')
    ran = CliRunner().invoke(cli, ["config", "check", str(file)])
    assert ran.exit_code == 0
    assert "did you mean 'system.openai'?" in ran.output
    assert ran.stdout == f"{file} is valid.\n"
    assert ran.stderr.startswith("Warning: config.host_mappings['gw.acme.com'].price_as_category: ")
    file.write_text("proxy = 1\n")
    ran = CliRunner().invoke(cli, ["config", "check", str(file)])
    assert (ran.exit_code, ran.output) == (2, f"Error: {file}: proxy: expected True or False, got 1\n")


def test_the_schema_is_printed() -> None:
    ran = CliRunner().invoke(cli, ["config", "schema"])
    assert ran.exit_code == 0
    assert json.loads(ran.output)["$schema"]


@pytest.mark.parametrize(
    ("program", "exc", "message"),
    [
        ("job", FileNotFoundError(2, "gone"), "gone; expected a program of the PATH, or the path of one"),
        ("/nowhere/job", FileNotFoundError(2, "gone"), "gone"),
        ("job.py", PermissionError(13, "denied"), "denied; put `python` in front of it"),
        ("./job", PermissionError(13, "denied"), "denied; expected a file that may be executed"),
        (FOLDER, FileNotFoundError(2, "gone"), "gone: the interpreter that its first line names"),
        ("a\0b", ValueError("embedded null byte"), "embedded null byte"),
    ],
)
def test_a_program_that_cannot_be_started_is_reported_with_what_to_change(
    program: str, exc: Exception, message: str
) -> None:
    assert explain_failure(program, exc) == f"{program!r} can't be run: {message}"


def test_a_missing_key_is_reported_with_two_ways_out() -> None:
    with pytest.raises(PayiError) as refused:
        check_settings({}, print)
    assert str(refused.value) == (
        "No Pay-i API key, so events can't be delivered: set the environment variable PAYI_API_KEY, or write"
        " events to a file with --offline FILE"
    )


def test_lines_of_headers_that_are_ignored_are_counted_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "k")
    problems: list[str] = []
    text = "X-Team: a\n \nno colon\na b: c\nX-Url: http://h:1\n: d"
    check_settings({"PAYI_CUSTOM_HEADERS": text}, problems.append)
    assert problems == [
        f"PAYI_CUSTOM_HEADERS: line {number} is not of the form `Name: value`, and is ignored"
        for number in (3, 4, 6)
    ]


def test_what_is_in_the_environment_stays_there(tmp_path: Path) -> None:
    given = {"A": "1", "PAYI_TRANSPORT_CONFIG": "x"}
    made = make_environment(given)
    assert given == {"A": "1", "PAYI_TRANSPORT_CONFIG": "x"}
    assert {**made, **given} == made
    assert made.keys() == {*given, "PYTHONPATH", RUN_START_VARIABLE}
    assert abs(float(made[RUN_START_VARIABLE]) - time.time()) < 60


@pytest.mark.parametrize("text", ["[1]", "7", "null", "[" * 100_000, "{"])
def test_properties_that_are_no_object_are_refused_for_tags(text: str) -> None:
    with pytest.raises(PayiConfigError, match="REQUEST_PROPERTIES: expected a JSON object, got "):
        make_environment({"PAYI_TRANSPORT_REQUEST_PROPERTIES": text}, tags=["a=b"])
    # Without tags, they are for the program to refuse.
    assert make_environment({"PAYI_TRANSPORT_REQUEST_PROPERTIES": text})


def test_a_tag_may_have_an_empty_value() -> None:
    made = make_environment({}, tags=["team="])
    assert json.loads(made["PAYI_TRANSPORT_REQUEST_PROPERTIES"]) == {"team": ""}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--serve", "--offline", "x"],
            "--serve and --offline exclude each other: events go to the service, or to a file",
        ),
        (
            ["--upstream", "openai=http://h"],
            "--upstream is for the local service: add --serve, or leave it out",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(arguments: list[str], message: str) -> None:
    ran = CliRunner().invoke(cli, ["run", *arguments, "--", "job"])
    assert (ran.exit_code, ran.output) == (2, f"Error: {message}\n")
