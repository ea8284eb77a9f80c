"""What the commands about money have in common."""

from __future__ import annotations

import io

import pytest

from payi_transport.cli.finops_options import make_progress


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
