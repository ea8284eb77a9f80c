"""Imports point down: each part of the package may import the parts named for it, and no others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "payi_transport"

# Folders whose modules have places of their own; any other is one part.
FOLDERS = {"scopes", "routing", "changes", "feedback", "delivery", "reading", "commands"}
# Lowest first. A module may import what stands in a lower row, and what is named beside it in its own.
LAYERS: list[dict[str, set[str]]] = [
    {
        **{folder: set() for folder in FOLDERS},
        "generators": set(),
        "names": set(),
        "config_types": set(),
        "types": set(),
        "errors": {"types"},
        "pagination": {"types"},
        "ring": set(),
        "window": set(),
        "inflate": set(),
        "paths": set(),
        "segments": set(),
        "locks": set(),
        "results": set(),
        "exits": set(),
        "alarm": set(),
        "slices": set(),
        "threads": set(),
    },
    {
        "event": set(),
        "frame": set(),
        "stats": set(),
        "settings": set(),
        "hosts": set(),
        "include_usage": set(),
        "examples": set(),
        "proxy_urls": set(),
        "journal": set(),
        "limits": set(),
    },
    {"client": set()},
    {"routes": set(), "pricing": set(), "inline_data": set(), "repeats": set(), "tokenizers": set()},
    {"exchange": set(), "context": set(), "config": set(), "notices": set(), "spool": set()},
    {"recorded_headers": set(), "headers": set(), "proxying": set(), "refusals": set(), "add_result": set()},
    {"framing": set(), "sinks": set(), "detours": set(), "rewriting": set(), "begun": set()},
    {"dialects": {"framing"}, "bodies": set(), "inline_delivery": set()},
    {"counting": set()},
    {"decode": set()},
    {"intake": set(), "prompt_log": set(), "origins": set()},
    {"reader": set(), "limit_check": set()},
    {"result_notes": set()},
    {"worker": set()},
    {"line": set()},
    {"pipeline": set()},
    {"active": set()},
    {"adapters": set(), "decorators": set()},
    {"clients": set(), "assembly": set(), "caller": set()},
    {"arguments": set()},
    {"instrument": set()},
    {"flush_on_exit": set()},
    {"__init__": set()},
    {"report": set(), "explain": set(), "demo_provider": set()},
    {"demo": set()},
    {"cli": set()},
    {"__main__": set()},
]
HTTP_LIBRARIES = {"httpx", "httpx2", "httpcore", "requests", "urllib3", "aiohttp", "botocore"}
# The sink that talks to Pay-i is a client of its API.
# An error of that API holds the request and the answer.
MAY_USE_HTTP = {"adapters", "errors", "clients", "client", "sinks.payi", "__init__"}


def part_of(module: str) -> str:
    first, *rest = module.split(".")
    return rest[0] if first in FOLDERS and rest else first


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def own_imports_of(path: Path) -> set[str]:
    prefix = "payi_transport."
    return {part_of(name.removeprefix(prefix)) for name in imports_of(path) if name.startswith(prefix)}


def level_of(part: str) -> int:
    return next(level for level, layer in enumerate(LAYERS) if part in layer)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    part = part_of(name_of(path))
    parts = {name for layer in LAYERS for name in layer}
    allowed = {name for layer in LAYERS[: level_of(part)] for name in layer} | LAYERS[level_of(part)][part]
    if part == "dialects":
        allowed.add("dialects")
    if path.parent != PACKAGE:
        allowed.add(part)
    assert (own_imports_of(path) & parts) <= allowed


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_adapters_and_clients_import_an_http_library(path: Path) -> None:
    name = name_of(path)
    if name in MAY_USE_HTTP or part_of(name) in MAY_USE_HTTP:
        return
    assert not {imported.split(".")[0] for imported in imports_of(path)} & HTTP_LIBRARIES


def test_framing_knows_no_provider_and_dialects_do_no_io() -> None:
    for path in modules():
        if part_of(name_of(path)) == "framing":
            assert own_imports_of(path) <= {"framing"}
        if part_of(name_of(path)) == "dialects":
            assert own_imports_of(path) <= {"dialects", "framing", "event", "names"}


def test_every_module_has_its_place_in_the_picture() -> None:
    placed = {name for layer in LAYERS for name in layer}
    assert {part_of(name_of(path)) for path in modules()} <= placed


def test_an_arrow_that_points_up_is_found(tmp_path: Path) -> None:
    module = tmp_path / "ring.py"
    module.write_text("from payi_transport.pipeline import Pipeline\n")
    assert own_imports_of(module) == {"pipeline"}
    assert level_of("pipeline") > level_of("ring")
