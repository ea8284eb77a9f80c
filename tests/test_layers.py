"""Imports run down one list of folders: a module imports from its own folder and from those below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "payi_transport"

# From the top down. Modules at the root of the package stand under their own names.
ORDER = [
    *("__main__", "cli", "__init__", "api", "hooks", "pipeline", "rewrite", "delivery", "sinks", "client"),
    *("config", "decode", "capture", "routing", "providers", "framing", "context", "runtime", "values"),
    *("pagination", "errors", "types", "compat"),
]
HTTP_LIBRARIES = {"httpx", "httpx2", "httpcore", "requests", "urllib3", "aiohttp", "botocore"}
# The hooks, the client of Pay-i's API and its sink, its errors (which hold a request and a response), and
# the public names, of which two are typed by httpx's clients.
IMPORT_HTTP_LIBRARIES = {"hooks", "client", "sinks", "errors", "__init__"}
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    """The folder at the root that a module is in; a module at the root is a room by itself."""
    return module.partition("/")[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports anywhere, or takes a name from."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            found.add(node.module or "")
    return found


def rooms_imported_by(path: Path) -> set[str]:
    own = [name.split(".") for name in imports_of(path) if name.split(".")[0] == "payi_transport"]
    return {parts[1] for parts in own if len(parts) > 1}


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_down_the_list_of_folders(module: str) -> None:
    below = ORDER[ORDER.index(room_of(module)) :]
    assert rooms_imported_by(PACKAGE / module) <= set(below)


@pytest.mark.parametrize("module", MODULES)
def test_only_hooks_and_clients_import_an_http_library(module: str) -> None:
    libraries = {name.split(".")[0] for name in imports_of(PACKAGE / module)} & HTTP_LIBRARIES
    assert not libraries or room_of(module) in IMPORT_HTTP_LIBRARIES


def test_files_at_the_root_are_a_handful() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 6


def test_an_import_that_points_up_is_found(tmp_path: Path) -> None:
    module = tmp_path / "ring.py"
    module.write_text("from payi_transport.pipeline.pipeline import Pipeline\nimport payi_transport.api\n")
    assert rooms_imported_by(module) == {"pipeline", "api"}
    assert ORDER.index("pipeline") < ORDER.index("delivery")
