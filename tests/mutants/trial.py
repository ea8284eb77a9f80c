"""Try mutants in a copy of the repository: the tests that mirror the module first, then wider ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tests.mutants.mutations import Mutation

__all__ = ["ROOT", "Mutant", "Workshop", "list_modules", "select_tests"]

ROOT = Path(__file__).parents[2]
# Exit codes of pytest. A mutant with which tests can't be collected is killed as well.
_PASSED, _FAILED, _NO_TESTS = 0, 1, 5
# What sees much of the package, for mutants that the mirroring tests let pass.
WIDE = ("tests/pipeline", "tests/api", "tests/contract")


class Mutant(NamedTuple):
    """A mutation of a module, which is named by its path from the root of the repository."""

    module: str
    mutation: Mutation

    @property
    def folder(self) -> str:
        """The folder of the package that the module is in, or the module at its root."""
        return self.module.split("/")[1]


def list_modules(prefix: str = "") -> list[str]:
    """Return the paths of the package's modules, those that start with a prefix."""
    paths = (path.relative_to(ROOT).as_posix() for path in (ROOT / "payi_transport").rglob("*.py"))
    return sorted(path for path in paths if path.startswith(f"payi_transport/{prefix}"))


def select_tests(module: str, root: Path = ROOT) -> list[tuple[str, ...]]:
    """Return which tests to run for a module, one selection after the other until one fails."""
    inside = Path(module).relative_to("payi_transport")
    folder = Path("tests") / inside.parent
    while not (root / folder).is_dir():
        folder = folder.parent
    own = sorted(
        path.relative_to(root).as_posix() for path in (root / folder).glob(f"test_{inside.stem}*.py")
    )
    selections = [tuple(own)] if own else []
    if folder != Path("tests"):
        selections.append((folder.as_posix(),))
    if inside.name == "__init__.py" or len(inside.parts) == 1:
        selections.append(("tests/test_exports.py",))
    return [*selections, tuple(path for path in WIDE if (root / path).is_dir())]


class Workshop:
    """A copy of the repository, in which one mutant at a time takes the place of its module."""

    def __init__(self, folder: Path, limit: float) -> None:
        self._folder = folder
        self._limit = limit
        self._passing: dict[tuple[str, ...], bool] = {}
        for path in _list_files():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, folder / path)

    def kills(self, mutant: Mutant) -> bool:
        """Whether a test fails for a mutant, or does not end in time."""
        return any(
            self._passes(tests) and self._fails(tests, mutant) for tests in select_tests(mutant.module)
        )

    def _fails(self, tests: tuple[str, ...], mutant: Mutant) -> bool:
        file = self._folder / mutant.module
        source = file.read_text("utf-8")
        file.write_text(mutant.mutation.apply(source), "utf-8")
        try:
            return self._run(tests) not in (_PASSED, _NO_TESTS)
        finally:
            file.write_text(source, "utf-8")

    def _passes(self, tests: tuple[str, ...]) -> bool:
        """Whether tests pass for the code as it is: those that do not say nothing of a mutant."""
        if tests not in self._passing:
            self._passing[tests] = self._run(tests) in (_PASSED, _NO_TESTS)
            if not self._passing[tests]:
                print(f"not used, as it fails without a mutant: {' '.join(tests)}", file=sys.stderr)
        return self._passing[tests]

    def _run(self, tests: Sequence[str]) -> int:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-m",
            "not slow",
            "-p",
            "no:cacheprovider",
            *tests,
        ]
        environment = {**os.environ, **self._environment}
        try:
            ran = subprocess.run(
                command, cwd=self._folder, env=environment, capture_output=True, timeout=self._limit
            )
        except subprocess.TimeoutExpired:
            return _FAILED
        return ran.returncode

    @cached_property
    def _environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self._folder), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": ""}


def _list_files() -> Iterator[str]:
    """What the tests may need, without caches, environments and results."""
    for part in ("payi_transport", "tests", "benchmarks", "docs", "examples"):
        for path in (ROOT / part).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("*.yml"), *ROOT.glob(".ci/run")]:
        yield path.relative_to(ROOT).as_posix()
