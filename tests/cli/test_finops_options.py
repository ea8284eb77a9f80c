"""What the commands about money have in common."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from payi_transport.cli.finops_options import make_progress, read_settings


def test_settings_are_those_of_the_file_and_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "payi.toml"
    file.write_text('connection_error_logging_window = 7\ntime_zone = "Asia/Tokyo"\n')
    monkeypatch.setenv("PAYI_TRANSPORT_TIME_ZONE", "Asia/Kolkata")
    monkeypatch.setenv("PAYI_TRANSPORT_TIME_ZONES", "x")
    settings = read_settings(file)
    assert (settings.connection_error_logging_window, settings.time_zone) == (7, "Asia/Kolkata")
    warned = capsys.readouterr().err
    assert warned.startswith("Warning: ")
    problems: list[str] = []
    assert read_settings(None, problems.append).time_zone == "Asia/Kolkata"
    assert [f"Warning: {problem}\n" for problem in problems] == [warned]


def test_progress_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert make_progress() is None
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    show = make_progress()
    assert show is not None
    show(1, 2)
    show(2, 2)
    assert terminal.getvalue() == "\rread 50% of the events\rread 100% of the events\n"
