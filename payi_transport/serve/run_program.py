"""`payi-transport run --serve`: run a program beside a local service that takes its events.

The program instruments itself, as with `run`, and reports to the service. What it starts may be in another
language: base URLs in the environment lead the SDKs and CLIs of OpenAI and Anthropic through the service's
proxy paths, where their calls are metered. A base URL that is set already stays.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from payi_transport.errors import PayiError
from payi_transport.serve.command import listen, serve_in_thread
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.start import find_default_file

__all__ = ["point_at_service", "run_program"]

_BASE_URLS = {
    "ANTHROPIC_BASE_URL": "/api/v1/proxy/anthropic",
    "OPENAI_BASE_URL": "/api/v1/proxy/openai/v1",
}
# Signals that a terminal or a supervisor sends, and that the program is to handle.
_PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def run_program(
    command: Sequence[str], environment: Mapping[str, str], echo: Callable[[str], None], **settings: Any
) -> int:
    """Run a program beside a local service, and return its exit code. Raises PayiError.

    A service that runs already at the address is used.
    """
    made = ServeSettings(**{"file": find_default_file(environment), **settings})
    with _find_service(made) as address:
        echo(f"Calls are shown at {address}")
        return _run(command, point_at_service(environment, address))


def point_at_service(environment: Mapping[str, str], address: str) -> dict[str, str]:
    """Return an environment in which programs report to the service at `address`."""
    urls = {name: f"{address}{path}" for name, path in _BASE_URLS.items() if not environment.get(name)}
    return {**environment, **urls, "PAYI_BASE_URL": address, "PAYI_API_KEY": "local"}


@contextmanager
def _find_service(settings: ServeSettings) -> Iterator[str]:
    address = f"http://{settings.host}:{settings.port}"
    try:
        listen(settings).close()
    except PayiError:
        if not _is_service(address):
            raise
        yield address
        return
    with serve_in_thread(settings) as (address, _):
        yield address


def _is_service(address: str) -> bool:
    try:
        return httpx.get(f"{address}/page/api/state", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    try:
        program = subprocess.Popen(list(command), env=dict(environment))  # noqa: S603 (the user's own command)
    except OSError as exc:
        raise PayiError(f"{command[0]!r} can't be run: {exc.strerror}") from None
    # Ctrl+C reaches the program by itself, and the service stays until it has ended.
    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    for number in _PASSED_ON:
        before[number] = signal.signal(number, lambda number, frame: program.send_signal(number))
    try:
        code = program.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # As a shell reports a program that a signal ended.
    return code if code >= 0 else 128 - code
