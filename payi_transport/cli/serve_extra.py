"""The local service, which needs an extra: the other commands work without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import Any

from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.schema import Settings
from payi_transport.errors import PayiError

__all__ = ["load_run_program", "load_serve"]

Echo = Callable[[str], None]
# Takes a second to import, so the service does it when all else is ready, which is too late for a refusal.
_IMPORTED_LATER = "nicegui"


def load_serve() -> Callable[[Mapping[str, Any], Echo], int]:
    """Return the function that runs the local service, which returns an exit code.

    Raises PayiError if the extra is not installed.
    """
    with _named_extra():
        from payi_transport.serve.start import serve
    return serve


def load_run_program(
    settings: Settings, upstreams: Sequence[str]
) -> Callable[[Sequence[str], Mapping[str, str], Echo], int]:
    """Return the function that runs a program beside a local service. Raises PayiError like `load_serve`.

    `settings` has prices, and hosts that the service may call.
    """
    with _named_extra():
        from payi_transport.serve.run_program import run_program
        from payi_transport.serve.start import read_upstreams
    return partial(
        run_program,
        mappings=collect_host_mappings(settings),
        prices=settings.prices,
        upstreams=read_upstreams(upstreams),
    )


@contextmanager
def _named_extra() -> Iterator[None]:
    try:
        if find_spec(_IMPORTED_LATER) is None:
            raise ModuleNotFoundError(name=_IMPORTED_LATER)
        yield
    except ModuleNotFoundError as exc:
        raise PayiError(f'the local service needs {exc.name}: pip install "payi-transport[serve]"') from None
