"""`payi-transport run --serve`: run a program beside a local service that takes its events.

The program instruments itself, as with `run`, and reports to the service. What it starts may be in another
language: base URLs in the environment lead the SDKs and CLIs of OpenAI and Anthropic through the service's
proxy paths, where their calls are metered. A base URL that is set already stays.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import msgspec

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
_PASSED_ON = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def run_program(
    command: Sequence[str], environment: Mapping[str, str], echo: Callable[[str], None], **settings: Any
) -> int:
    """Run a program beside a local service with these settings, and return its exit code. Raises PayiError.

    A service that runs already at the address is used. If another program has the port, any other is taken.
    """
    made = ServeSettings(**{"file": find_default_file(environment), **settings})
    address = f"http://{made.host}:{made.port}"
    if _is_service(address):
        echo(f"Calls are shown at {address}, by the service that runs there")
        return _run(command, point_at_service(environment, address))
    with serve_in_thread(_choose_port(made), has_page=True) as (address, _):
        echo(f"Calls are shown at {address}")
        code = _run(command, point_at_service(environment, address))
    echo(f"Calls are in {made.file}, and `payi-transport serve` shows them again")
    return code


def point_at_service(environment: Mapping[str, str], address: str) -> dict[str, str]:
    """Return an environment in which programs report to the service at `address`."""
    urls = {name: f"{address}{path}" for name, path in _BASE_URLS.items() if not environment.get(name)}
    return {**environment, **urls, "PAYI_BASE_URL": address, "PAYI_API_KEY": "local"}


def _is_service(address: str) -> bool:
    try:
        # A proxy of the environment is not for this machine.
        with httpx.Client(trust_env=False, timeout=5) as client:
            return "revision" in client.get(f"{address}/page/api/state").json()
    except (httpx.HTTPError, ValueError, TypeError):
        return False


def _choose_port(settings: ServeSettings) -> ServeSettings:
    try:
        listen(settings).close()
    except PayiError:
        return msgspec.structs.replace(settings, port=0)
    return settings


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    try:
        program = subprocess.Popen(list(command), env=dict(environment))  # noqa: S603 (the user's own command)
    # A ValueError is a character that no name can have.
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise PayiError(f"{command[0]!r} can't be run: {reason}") from None
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
