"""The commands as users type them."""

from __future__ import annotations

import errno
import io
import json
import os
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import payi_transport.__main__ as entry
from payi_transport.cli.main import cli
from tests.cli.test_demo import HOSTILE

URL = "https://llm.corp.example/v1/chat/completions"


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


def start(*args: object, **variables: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "payi_transport", *map(str, args)]
    return subprocess.run(
        command, capture_output=True, env={**os.environ, **variables}, timeout=60, check=False
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "calls.json"
    event = {
        "resource": "gpt-5",
        "user_id": "渡辺",
        "units": {"text": {"input": 1234}},
        "http_status_code": 500,
    }
    path.write_text(json.dumps([event, {"units": {}}]))
    return path


def write_config(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def assert_refused(result: Result, says: str) -> None:
    """One line on stderr, exit code 2, no traceback."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert says in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_report_prints_a_table_by_resource(file: Path) -> None:
    result = run("report", file)
    assert result.exit_code == 0
    assert "Resource" in result.stdout
    assert "1,234" in result.stdout


def test_report_groups_calls_by_an_option(file: Path) -> None:
    assert "渡辺" in run("report", file, "--by", "user").stdout


def test_report_prints_json(file: Path) -> None:
    made = json.loads(run("report", file, "--by", "user", "--json").stdout)
    assert {group["name"]: group["errors"] for group in made["groups"]} == {"渡辺": 1, None: 0}


def test_report_refuses_another_grouping_and_lists_those_that_exist(file: Path) -> None:
    result = run("report", file, "--by", "colour")
    assert result.exit_code == 2
    assert "use_case" in result.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "found no file of events"), ("5", "isn't a file of events"), ("[{", "isn't a file of events")],
)
def test_report_refuses_a_file_it_can_not_read(tmp_path: Path, content: str | None, says: str) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content)
    assert_refused(run("report", path), says)


def test_report_replaces_letters_that_the_terminal_can_not_print(file: Path) -> None:
    ended = start("report", file, "--by", "user", PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"??" in ended.stdout


def test_explain_says_whether_a_url_is_reported() -> None:
    result = run("explain", "api.openai.com/v1/chat/completions")
    assert result.exit_code == 0
    assert "Observed     yes" in result.stdout


def test_explain_takes_a_method() -> None:
    result = run("explain", "api.openai.com/v1/chat/completions", "--method", "get")
    assert "Observed     no" in result.stdout
    assert result.exit_code == 1


def test_explain_prints_json() -> None:
    result = run("explain", "llm.corp.example/v1/chat/completions", "--json")
    shown = json.loads(result.stdout)
    assert result.exit_code == 1
    assert shown["observed"] is False
    assert shown["counted"] == "unmapped"
    assert shown["config"] == {"host_mappings": {"llm.corp.example": {"price_as_category": "system.openai"}}}
    assert json.loads(run("explain", "api.openai.com/v1/responses", "--json").stdout)["observed"] is True


def test_explain_knows_the_mappings_of_this_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[host_mappings."*.corp.example"]\nprice_as_category = "mine"\n'
    monkeypatch.setenv("PAYI_TRANSPORT_CONFIG", str(write_config(tmp_path, "payi.toml", text)))
    result = run("explain", URL)
    assert result.exit_code == 0
    assert "Category     mine" in result.stdout


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", '{"host_mappings": {"*.corp.example": {"price_as_category": "system.openai"}}}'),
        ("config.json", '\ufeff{"databricks": {"host_mappings": {"https://llm.corp.example/": '
         '{"price_as_category": "system.openai"}}}}'),
        ("config.TOML", '[host_mappings."*.corp.example"]\nprice_as_category = "system.openai"\n'),
    ],
)  # fmt: skip
def test_explain_reads_the_config_that_payi_instrument_takes(tmp_path: Path, name: str, text: str) -> None:
    config = write_config(tmp_path, name, text)
    result = run("explain", URL, "--config", config)
    assert "Observed     yes" in result.stdout
    assert "your mapping" in result.stdout


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("config.json", "{", "config.json isn't valid JSON: "),
        ("config.json", "[" * 100_000, "isn't valid JSON"),
        ("config.toml", "= 1", "config.toml isn't valid TOML: "),
        ("config.json", "[]", "config: expected a dict"),
        ("config.json", '{"host_mapping": {}}', "unknown key 'host_mapping'"),
        ("config.json", '{"host_mappings": {"a b": {"price_as_category": "x"}}}', "'a b' is not a host"),
        ("config.json", '{"host_mappings": {"gw": {}}}', "price_as_category is needed"),
    ],
)
def test_explain_refuses_a_config_that_payi_instrument_would_refuse(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    assert_refused(run("explain", URL, "--config", write_config(tmp_path, name, text)), says)


def test_explain_refuses_a_missing_config_and_a_url_that_is_not_one(tmp_path: Path) -> None:
    assert_refused(run("explain", URL, "--config", tmp_path / "missing.json"), "No such file")
    assert_refused(run("explain", "ftp://host"), "URL: expected")


def test_explain_takes_instruments() -> None:
    url = "api.openai.com/v1/chat/completions"
    assert "Observed     yes" in run("explain", url, "--instruments", "system.openai").stdout
    assert "not one of the instruments" in run("explain", url, "--instruments", "system.anthropic").stdout
    assert_refused(run("explain", url, "--instruments", "nonsense"), "unknown 'nonsense'")


def test_demo_prints_the_report_and_where_the_file_is(tmp_path: Path) -> None:
    output = tmp_path / "calls.json"
    result = run("demo", "--output", output)
    assert result.exit_code == 0
    assert "answer-customers" in result.stdout
    assert "Captured 5 calls of the OpenAI SDK in 2 use cases; 1 failed." in result.stdout
    assert "Nothing left this machine" in result.stdout
    assert ("$0.0037" in result.stdout) == (find_spec("genai_prices") is not None)
    assert ("A budget of $0.0032 a day" in result.stdout) == (find_spec("genai_prices") is not None)
    assert f"File: {output}" in result.stdout
    assert "2,176" in run("report", output).stdout


def test_demo_refuses_an_output_that_can_not_be_written(tmp_path: Path) -> None:
    assert_refused(run("demo", "--output", tmp_path / "missing" / "calls.json"), "does not exist")


def test_demo_without_the_openai_sdk_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.delitem(sys.modules, "payi_transport.cli.demo", raising=False)
    assert_refused(run("demo"), "pip install 'payi-transport[demo]'")


def test_demo_runs_in_a_process_whose_environment_points_elsewhere(tmp_path: Path) -> None:
    output = tmp_path / "calls.json"
    ended = start("demo", "--output", output, **HOSTILE)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"answer-customers" in ended.stdout
    assert b"1,138" in ended.stdout
    assert len(json.loads(output.read_bytes())) == 5


def test_the_command_prints_its_version_and_its_commands() -> None:
    assert run("--version").stdout.startswith("payi-transport, version ")
    shown = run("-h").stdout
    assert all(name in shown for name in ("demo", "explain", "report"))


@pytest.mark.parametrize("package", ["click", "rich"])
def test_without_the_extra_one_line_says_what_to_install(
    package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "The command line needs two more packages: pip install 'payi-transport[cli]'"
    ]


@pytest.mark.parametrize("stream", [io.StringIO(), io.TextIOWrapper(io.BytesIO(), encoding="ascii")])
def test_the_module_runs_the_command_whatever_its_output_is(
    stream: io.TextIOBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["payi-transport", "--version"])
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(entry.__file__, run_name="__main__")
    assert ended.value.code == 0
    stream.seek(0)
    assert stream.read().startswith("payi-transport, version")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_is_one_line(
    code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("payi_transport.cli.main.cli", fail)
    with (tmp_path / "out").open("w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        with pytest.raises(SystemExit if code == errno.ENOSPC else OSError) as ended:
            entry.main()
    if code == errno.ENOSPC:
        assert ended.value.args == (2,)
        assert capsys.readouterr().err == "Error: the output can't be written: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("arguments", [("--help",), ("report", "calls.json")])
def test_output_to_a_full_disk_is_refused_in_one_line(file: Path, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "payi_transport", *arguments]
    # With a buffer, of which Python writes at its end what is left.
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command,
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=file.parent,
            env=buffered,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"Error: the output can't be written: No space left on device\n"
