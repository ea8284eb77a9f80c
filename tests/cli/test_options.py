"""The commands have the options that they are documented with."""

from __future__ import annotations

from tests.cli.options import PATH, list_options


def test_every_option_accepts_what_it_did_with_the_same_default_and_says_so() -> None:
    assert [*list_options()] == PATH.read_text("utf-8").splitlines(), "run python -m tests.cli.options"
