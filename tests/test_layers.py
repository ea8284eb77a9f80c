"""Imports run down one list of folders: a module imports from its own folder and from those below it."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "payi_transport"

# From the top down. Modules at the root of the package stand under their own names.
ORDER = [
    *(
        "__main__",
        "cli",
        "serve",
        "relay",
        "reports",
        "autostart",
        "contrib",
        "lib",
        "__init__",
        "api",
        "hooks",
        "pipeline",
        "budgets",
        "rewrite",
        "delivery",
    ),
    *("sinks", "client", "prices", "config", "decode", "capture", "routing", "providers", "framing"),
    *("propagate", "context", "runtime", "values", "pagination", "errors", "types", "compat"),
]
HTTP_LIBRARIES = {"httpx", "httpx2", "httpcore", "requests", "urllib3", "aiohttp", "botocore"}
# The hooks, the client of Pay-i's API and its sink, its errors (which hold a request and a response), and
# the public names, one of which is httpx's. The local service forwards with it.
IMPORT_HTTP_LIBRARIES = {"hooks", "client", "sinks", "errors", "api/public.py", "serve"}
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    """The folder at the root that a module is in; a module at the root is a room by itself."""
    return module.partition("/")[0].removesuffix(".py")


def modules_in(room: str) -> list[str]:
    return [module for module in MODULES if room_of(module) == room]


def find_module(name: str) -> str | None:
    """The file of a dotted name in the package, None where the name is no module of it."""
    place = "/".join(name.split(".")[1:])
    return next(
        (path for path in (f"{place}.py", f"{place}/__init__.py".lstrip("/")) if path in MODULES), None
    )


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports anywhere, or takes a name from."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(name if find_module(name) else str(node.module) for name in names)
    return found


def modules_imported_by(path: Path) -> set[str]:
    own = {name for name in imports_of(path) if name.split(".")[0] == "payi_transport"}
    return {module for name in own if (module := find_module(name)) is not None}


def find_cycle(arrows: dict[str, set[str]]) -> list[str]:
    try:
        list(TopologicalSorter(arrows).static_order())
    except CycleError as exc:
        return list(exc.args[1])
    return []


@pytest.mark.parametrize("room", ORDER)
def test_imports_run_down_the_list_of_folders(room: str) -> None:
    above = set(ORDER[: ORDER.index(room)])
    for module in modules_in(room):
        upward = {name for name in modules_imported_by(PACKAGE / module) if room_of(name) in above}
        assert not upward, module


@pytest.mark.parametrize("room", ORDER)
def test_only_hooks_and_clients_import_an_http_library(room: str) -> None:
    for module in modules_in(room):
        libraries = {name.split(".")[0] for name in imports_of(PACKAGE / module)} & HTTP_LIBRARIES
        assert not libraries or {room, module} & IMPORT_HTTP_LIBRARIES, module


def test_every_folder_is_in_the_list() -> None:
    assert {room_of(module) for module in MODULES} == set(ORDER)


def test_imports_of_our_own_are_statements_which_bundlers_follow() -> None:
    for module in MODULES:
        for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
            computed = isinstance(node, ast.JoinedStr) and "payi_transport." in ast.unparse(node)
            assert not computed, f"{module}: {ast.unparse(node)} computes the name of a module"


def test_files_at_the_root_are_a_handful() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 6


@pytest.mark.parametrize("folder", ["payi_transport", "tests", "benchmarks", "examples"])
def test_a_file_has_300_lines_at_most(folder: str) -> None:
    lengths = {path: path.read_bytes().count(b"\n") for path in (PACKAGE.parent / folder).rglob("*.py")}
    assert {path: length for path, length in lengths.items() if length > 300} == {}


def test_neither_modules_nor_folders_within_a_folder_import_in_a_circle() -> None:
    modules = {module: modules_imported_by(PACKAGE / module) - {module} for module in MODULES}
    assert find_cycle(modules) == []
    folders: dict[str, set[str]] = {}
    for module, imported in modules.items():
        for other in imported:
            here, there = (path if "/" not in path else path.rpartition("/")[0] for path in (module, other))
            # A folder and those inside it are one: its registry lists them, and they use what it shares.
            if not f"{here}/".startswith(f"{there}/") and not f"{there}/".startswith(f"{here}/"):
                folders.setdefault(here, set()).add(there)
    assert find_cycle(folders) == []


def test_an_import_that_points_up_is_found(tmp_path: Path) -> None:
    module = tmp_path / "ring.py"
    module.write_text(
        "from payi_transport.pipeline.pipeline import Pipeline\nimport payi_transport.api\n"
        "from payi_transport import errors, payi_flush\n"
    )
    found = {"pipeline/pipeline.py", "api/__init__.py", "errors.py", "__init__.py"}
    assert modules_imported_by(module) == found
    assert ORDER.index("pipeline") < ORDER.index("delivery")


def test_a_circle_is_found() -> None:
    assert sorted(set(find_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}))) == ["a", "b", "c"]
