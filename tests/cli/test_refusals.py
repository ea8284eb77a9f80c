"""Refused input is one line on stderr, and the exit code 2."""

from __future__ import annotations

from payi_transport.cli.refusals import Refusal


def test_a_refusal_has_the_exit_code_of_wrong_usage() -> None:
    assert (Refusal("x").exit_code, Refusal("x").format_message()) == (2, "x")
