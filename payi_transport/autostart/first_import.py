"""Instrument this process once it has imported an HTTP library, before that library is used.

Most Python processes that a program starts make no HTTP request, and importing this package takes longer
than many of them run. Importing an HTTP library early would also come before gevent's patches, which have
to be first. So nothing is imported here but the watcher of imports. Both modules are read from their files,
because importing them as modules would import the package, and what an interpreter has not imported by
itself is not imported here either.

Whatever goes wrong is one line on stderr. The program starts in any case.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# The libraries that have hooks, which a test compares. Programs that only open scopes import the package
# itself.
LIBRARIES = (
    "aiobotocore",
    "aiohttp",
    "botocore",
    "grpc",
    "httpx",
    "httpx2",
    "payi_transport",
    "requests",
    "websocket",
    "websockets",
)


def attempt(step: Callable[[], None]) -> None:
    """Run `step`; what it raises is one line on stderr."""
    try:
        step()
    except Exception as exc:
        import contextlib

        # A program may have closed stderr, or be a daemon without one.
        with contextlib.suppress(Exception):
            print(f"payi_transport: not instrumented: {type(exc).__name__}: {exc}", file=sys.stderr)


def instrument_at_first_import(instrument: Callable[[], None]) -> None:
    """Call `instrument` once an HTTP library has been imported, or now if a `.pth` file has imported one."""
    if not sys.modules.keys().isdisjoint(LIBRARIES):
        attempt(instrument)
        return
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    name = "_payi_import_watcher"
    sys.modules[name] = module = type(sys)(name)
    SourceFileLoader(name, os.path.join(package, "hooks", "import_watcher.py")).exec_module(module)

    def on_import(name: str) -> None:
        watcher.stop()
        attempt(instrument)

    watcher = module.ImportWatcher(LIBRARIES, on_import)
    watcher.watch()
