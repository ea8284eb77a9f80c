"""Instrument this process as `payi-transport run` was asked to, see `first_import`.

It runs in every Python process, so it imports nothing that an interpreter has not imported by itself: paths
are strings here, and even the modules for types stay away. Whatever goes wrong is one line on stderr, and the
program starts in any case.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_HERE = os.path.dirname(__file__)
# The variable that passes a program's command line to the children of its pools, whose own says nothing.
_COMMAND, _SEPARATOR = "PAYI_TRANSPORT_RUN", "\x1f"
# What one of these is in. A pattern decides: the interpreter, its options (which a pool repeats for its
# children), and what they run.
_POOLS = ("multiprocessing", "loky", "ray/_private/workers/")
_CHILD_OF_POOL = (
    "[^\x1f]*(\x1f-[WX]\x1f[^\x1f]*|\x1f-[^cm\x1f][^\x1f]*)*"
    "\x1f(-[cm]\x1f[^\x1f]*(multiprocessing|loky)|[^-\x1f][^\x1f]*ray/_private/workers/)"
)


def _run_hidden() -> None:
    """Run the `sitecustomize` that this one hides, such as those of ddtrace and OpenTelemetry."""
    others = [entry for entry in sys.path if os.path.realpath(entry or ".") != os.path.realpath(_HERE)]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        from importlib.util import module_from_spec

        sys.modules["sitecustomize"] = module = module_from_spec(spec)
        spec.loader.exec_module(module)


def _watch() -> None:
    os.environ[_COMMAND] = _SEPARATOR.join(_find_command())
    name = "_payi_first_import"
    sys.modules[name] = module = type(sys)(name)
    loader = SourceFileLoader(name, os.path.join(_HERE, "first_import.py"))
    module.__file__ = loader.path
    loader.exec_module(module)
    module.instrument_at_first_import(_instrument)


def _stay_first() -> None:
    """Keep this folder in front on the PYTHONPATH of programs that take the place of this one.

    `opentelemetry-instrument` puts a folder of its own in front, whose `sitecustomize` runs no other.
    """
    execv, execve = os.execv, os.execve

    def execv_with_us(path: Any, argv: Any, /) -> Any:
        os.environ.update(_put_first(os.environ))
        return execv(path, argv)

    def execve_with_us(path: Any, argv: Any, env: Any, /) -> Any:
        return execve(path, argv, {**env, **_put_first(env)})

    # The other functions of this kind call these two.
    module: Any = os
    module.execv, module.execve = execv_with_us, execve_with_us


def _put_first(environment: Any) -> dict[str, str]:
    """Return the PYTHONPATH with this folder in front; nothing if it isn't on it, or is in front already."""
    folders = str(environment.get("PYTHONPATH", "")).split(os.pathsep)
    others = [folder for folder in folders if folder != _HERE]
    if len(others) == len(folders) or folders[0] == _HERE:
        return {}
    return {"PYTHONPATH": os.pathsep.join([_HERE, *others])}


def _instrument() -> None:
    from payi_transport.api.default_use_case import name_program
    from payi_transport.api.instrument import instrument_program

    instrument_program(name_program(_find_command()))


def _find_command() -> list[str]:
    """Return the command line that this program is named for: that of its parent for a child of a pool."""
    command = _SEPARATOR.join(sys.orig_argv)
    if any(pool in command for pool in _POOLS):
        import re

        if re.match(_CHILD_OF_POOL, command):
            return os.environ.get(_COMMAND, "").split(_SEPARATOR)
    return sys.orig_argv


def _try(step: Callable[[], None]) -> None:
    try:
        step()
    except Exception as exc:
        import contextlib

        # A program may have closed stderr, or be a daemon without one.
        with contextlib.suppress(Exception):
            print(f"payi_transport: not instrumented: {type(exc).__name__}: {exc}", file=sys.stderr)


_try(_watch)
_try(_stay_first)
_run_hidden()
