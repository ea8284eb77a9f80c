"""Try mutants in a copy of the repository: the tests that mirror the module first, then wider ones."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.mutants.mutations import Mutation

__all__ = ["ROOT", "Mutant", "Workshop", "list_modules", "select_tests"]

ROOT = Path(__file__).parents[2]
# Exit codes of pytest. A mutant with which tests can't be collected is killed as well.
_PASSED, _FAILED, _NO_TESTS = 0, 1, 5
# What sees much of the package, for mutants that the mirroring tests let pass.
WIDE = ("tests/test_exports.py", "tests/wire", "tests/pipeline", "tests/api", "tests/contract")
_CACHE = ".mutants"


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
    """Return which tests to run for a module, one selection after the other until a test fails."""
    inside = Path(module).relative_to("payi_transport")
    folder = Path("tests") / inside.parent
    while not (root / folder).is_dir():
        folder = folder.parent
    own = sorted(
        path.relative_to(root).as_posix() for path in (root / folder).glob(f"test_{inside.stem}*.py")
    )
    importing = [path for path in _list_importing_tests(module, root) if path not in own]
    whole = [folder.as_posix()] if folder != Path("tests") else []
    wide = [path for path in WIDE if (root / path).exists() and path not in whole]
    return [tuple(tests) for tests in (own, importing, whole, wide) if tests]


def _list_importing_tests(module: str, root: Path) -> Iterator[str]:
    """Yield the test files that name a module; none for the whole package, which most of them do."""
    if module == "payi_transport/__init__.py":
        return
    name = re.escape(module.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    named = re.compile(rf"\b{name}\b(?!\.\w)")
    for path in sorted((root / "tests").rglob("test_*.py")):
        if named.search(path.read_text("utf-8")):
            yield path.relative_to(root).as_posix()


class Workshop:
    """A copy of the repository, in which one mutant at a time takes the place of its module."""

    def __init__(self, folder: Path, limit: float) -> None:
        self.folder = folder
        self.limit = limit
        self._writes = 0
        self._passing: dict[tuple[str, ...], bool] = {}
        self._unusable: set[str] = set()
        for path in _list_files():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            # With its time, which Python compares with that in compiled code.
            shutil.copy2(ROOT / path, folder / path)

    def find_killer(self, mutant: Mutant, selections: Sequence[tuple[str, ...]] = ()) -> str:
        """Return a test that fails for a mutant, tests that do not end in time, or "" if there is neither."""
        passed: list[str] = []
        for number, tests in enumerate(selections or select_tests(mutant.module)):
            # The first selection is small and knows the module best: all of its tests run.
            if killer := self._find_killer_among(tests, mutant, passed, slow=number == 0):
                return killer
            passed += [path for path in tests if path.endswith(".py")]
        return ""

    def _find_killer_among(
        self, tests: tuple[str, ...], mutant: Mutant, passed: Sequence[str], *, slow: bool
    ) -> str:
        options = [*(f"--ignore={path}" for path in passed), *(() if slow else ("-m", "not slow"))]
        while True:
            with self._changed(mutant):
                code = self._run([*tests, *options, *(f"--deselect={test}" for test in self._unusable)])
            if code == _NO_TESTS and not slow:
                # Some folders have slow tests alone.
                return self._find_killer_among(tests, mutant, passed, slow=True)
            if code in (_PASSED, _NO_TESTS):
                return ""
            failed = self._read_failed()
            if self._passes(failed or (*tests, *options)):
                return " ".join(failed or tests)
            print(f"not used, as it fails without a mutant: {' '.join(failed or tests)}", file=sys.stderr)
            if self._unusable.issuperset(failed):
                return ""
            self._unusable.update(failed)

    @contextmanager
    def _changed(self, mutant: Mutant) -> Iterator[None]:
        file = self.folder / mutant.module
        source = file.read_text("utf-8")
        self._write(file, mutant.mutation.apply(source))
        try:
            yield
        finally:
            self._write(file, source)

    def _write(self, file: Path, source: str) -> None:
        """Write a module with a time of its own, as Python trusts compiled code of its second and size."""
        file.write_text(source, "utf-8")
        self._writes += 1
        os.utime(file, (self._writes, self._writes))

    def _passes(self, arguments: tuple[str, ...]) -> bool:
        """Whether tests pass for the code as it is: those that do not say nothing of a mutant."""
        if arguments not in self._passing:
            self._passing[arguments] = self._run(arguments) == _PASSED
        return self._passing[arguments]

    def _read_failed(self) -> tuple[str, ...]:
        """Return which tests failed, or can't be collected; nothing if pytest did not get to its end."""
        file = self.folder / _CACHE / "v/cache/lastfailed"
        return tuple(json.loads(file.read_text("utf-8"))) if file.exists() else ()

    def _run(self, arguments: Sequence[str]) -> int:
        shutil.rmtree(self.folder / _CACHE, ignore_errors=True)
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-o", f"cache_dir={_CACHE}", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTEST_ADDOPTS": ""}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as ran:
            try:
                return ran.wait(self.limit)
            except subprocess.TimeoutExpired:
                os.killpg(ran.pid, signal.SIGKILL)
                return _FAILED


def _list_files() -> Iterator[str]:
    """What the tests may need, with compiled code, without environments and results."""
    for part in ("payi_transport", "tests", "benchmarks", "docs", "examples"):
        for path in (ROOT / part).rglob("*"):
            # What is written meanwhile has another name until it is complete.
            if path.is_file() and (path.parent.name != "__pycache__" or path.suffix == ".pyc"):
                yield path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("*.yml"), *ROOT.glob(".ci/run")]:
        yield path.relative_to(ROOT).as_posix()
