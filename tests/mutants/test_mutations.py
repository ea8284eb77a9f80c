"""Each kind of mutation changes one place of a module, and what is left is Python."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants.mutations import KINDS, find_mutations
from tests.mutants.trial import ROOT, list_modules

EXAMPLES = [
    ("x = a < b", "comparison", "x = (a <= b)"),
    ("x = a is not b", "comparison", "x = (a is b)"),
    ("x = a and not b", "boolean", "x = ((a) or (not b))"),
    ("if a: f = g", "condition", "if (not (a)): f = g"),
    ("x = y if a else b", "condition", "x = y if (not (a)) else b"),
    ("def f():\n    return a", "return", "def f():\n    return None"),
    ("x = a + b", "arithmetic", "x = (a - b)"),
    ("x = f(a, key=b)", "argument", "x = f(a)"),
    ("é(a)", "call", "pass"),
    ("try: f = g\nexcept ValueError: f = h", "except", "try: f = g\nexcept Exception: f = h"),
    ("try: f = g\nexcept Exception: f = h", "except", "try: f = g\nexcept BaseException: f = h"),
    ("x = 'é'; y = 3", "constant", "x = 'éx'; y = 3"),
    ("x = cast('a', 'b')", "constant", "x = cast('a', 'bx')"),
    ("x = True", "constant", "x = False"),
    ("def f(a: int = 3, *, b: str = c): ...", "constant", "def f(a: int = 4, *, b: str = c): ..."),
]
LEFT_ALONE = [
    '"""A docstring."""',
    "__all__ = ['a']",
    "x: Literal['a']",
    "def f(a: 'A') -> 'B': 'Docstring.'",
    "if TYPE_CHECKING:\n    x = 3",
    "while True: x = y",
    "def f():\n    return None",
    "x = f'{y}'",
    "x = a < b < c",
    "x = cast('a', y)",
]


@pytest.mark.parametrize(("source", "kind", "mutant"), EXAMPLES)
def test_a_mutation_changes_one_place(source: str, kind: str, mutant: str) -> None:
    assert mutant in [found.apply(source) for found in find_mutations(source) if found.kind == kind]


def test_every_kind_has_an_example() -> None:
    assert {kind for _, kind, _ in EXAMPLES} == set(KINDS)


@pytest.mark.parametrize("source", LEFT_ALONE)
def test_what_does_not_run_is_left_alone(source: str) -> None:
    assert find_mutations(source) == []


@pytest.mark.parametrize("module", list_modules()[::9])
def test_mutants_of_the_package_are_python_and_differ_from_it(module: str) -> None:
    source = Path(ROOT / module).read_text("utf-8")
    before = ast.dump(ast.parse(source))
    for mutation in find_mutations(source):
        assert ast.dump(ast.parse(mutation.apply(source))) != before, mutation
