"""A process is instrumented when it has imported an HTTP library, and a fault is one line on stderr."""

from __future__ import annotations

import sys

import pytest

from payi_transport.autostart.first_import import attempt, instrument_at_first_import


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))


def test_a_library_that_is_imported_already_counts() -> None:
    done: list[str] = []
    instrument_at_first_import(lambda: done.append("now"))
    assert done == ["now"]


def test_the_first_import_counts_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr("payi_transport.autostart.first_import.LIBRARIES", ("colorsys", "this"))
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    instrument_at_first_import(lambda: done.append("later"))
    assert done == []
    import colorsys  # noqa: F401

    assert done == ["later"]


def test_what_a_step_raises_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ValueError("odd")

    attempt(fail)
    assert capsys.readouterr().err == "payi_transport: not instrumented: ValueError: odd\n"
    monkeypatch.setattr(sys, "stderr", None)
    attempt(fail)
