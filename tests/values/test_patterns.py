"""Patterns that are compiled when they are first used match like those that `re` compiles."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import pytest

import payi_transport
from payi_transport.values import patterns
from payi_transport.values.patterns import compile_possessive, lazy_compile


def test_nothing_is_compiled_before_the_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []
    compile_now = re.compile

    def compile_counted(*arguments: Any) -> Any:
        compiled.append(arguments)
        return compile_now(*arguments)

    monkeypatch.setattr(re, "compile", compile_counted)
    pattern = lazy_compile(rb"A(\d)", re.IGNORECASE)
    assert compiled == []
    match = pattern.fullmatch(b"a1")
    assert match is not None and match[1] == b"1"
    assert pattern.fullmatch(b"b") is None
    assert compiled == [(rb"A(\d)", re.IGNORECASE)]
    assert (pattern.pattern, pattern.groups) == (rb"A(\d)", 1)


def test_every_pattern_of_a_module_can_be_compiled() -> None:
    count = 0
    for info in pkgutil.walk_packages(payi_transport.__path__, "payi_transport."):
        if "autostart" in info.name or info.name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(info.name)
        except ImportError:
            # What belongs to an extra.
            continue
        for value in vars(module).values():
            if type(value) is patterns._LazyPattern:
                assert isinstance(value.pattern, (str, bytes))
                count += 1
    assert count > 80


def test_flags_go_for_possessive_patterns_too() -> None:
    pattern = compile_possessive(rb"a.++", re.DOTALL | re.IGNORECASE)
    assert pattern.fullmatch(b"A\n\n")
    assert compile_possessive(rb"a.++").fullmatch(b"A\n\n") is None
    assert compile_possessive(rb"a*+a").search(b"aaa") is None
