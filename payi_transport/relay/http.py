"""Health, readiness, and metrics of a relay over HTTP, for Kubernetes and Prometheus.

`/healthz` says whether the process should live, `/readyz` whether it moves events, `/metrics` what it did.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from payi_transport.errors import PayiConfigError
from payi_transport.values.numbers import read_number
from payi_transport.values.shown import show

__all__ = ["Probes", "StatusServer", "parse_address"]


class Probes(NamedTuple):
    """What the server asks for: why the relay is not healthy or not ready, "" if it is, and metrics."""

    find_illness: Callable[[], str]
    find_unreadiness: Callable[[], str]
    format_metrics: Callable[[], str]


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of `host:port`. Raises PayiConfigError."""
    host, _, digits = text.rpartition(":")
    port = read_number(digits)
    if port is None or port > 65535 or not host:
        raise PayiConfigError(f"--listen: expected an address such as 127.0.0.1:8080, got {show(text)}")
    return host.strip("[]"), port


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Another process may not take the same port, as it could by default on some systems.
    allow_reuse_port = False
    probes: Probes

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that went away."""


class StatusServer:
    """Listen at an address until closed. Raises PayiConfigError for one that can't be used."""

    def __init__(self, address: str, probes: Probes) -> None:
        host, port = parse_address(address)
        try:
            self._server = _Server((host, port), _Handler)
        except OSError as exc:
            raise PayiConfigError(f"--listen: can't listen at {address}: {exc.strerror or exc}") from None
        self._server.probes = probes
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        probes = self.server.probes
        path = self.path.partition("?")[0]
        if path == "/healthz":
            self._send_state(probes.find_illness())
        elif path == "/readyz":
            self._send_state(probes.find_unreadiness())
        elif path == "/metrics":
            self._send(200, probes.format_metrics(), "text/plain; version=0.0.4; charset=utf-8")
        else:
            self._send(404, "expected /healthz, /readyz, or /metrics\n")

    def _send_state(self, problem: str) -> None:
        self._send(503 if problem else 200, f"{problem or 'ok'}\n")

    def _send(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing: probes come every few seconds."""
