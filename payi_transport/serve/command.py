"""`payi-transport serve`: open the store, start the server, and keep the store within its retention."""

from __future__ import annotations

import errno
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import uvicorn
from fastapi import FastAPI

from payi_transport.errors import PayiError
from payi_transport.serve.app import make_app
from payi_transport.serve.ending import Server
from payi_transport.serve.keep_large import LargeKeeper
from payi_transport.serve.retention import delete_slice
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings
from payi_transport.serve.store import Store

__all__ = ["find_address", "listen", "listens_everywhere", "open_service", "run_server", "serve_in_thread"]

# How long between two slices of what retention deletes, and after the last one. Seconds.
_BETWEEN, _AFTER = 0.2, 60.0
# How long a shutdown waits for open requests, whose providers may think for minutes. Seconds.
_GRACE = 10
# Why a port can't be used. Anything else is about the host.
_OF_PORT = (errno.EADDRINUSE, errno.EACCES)


@contextmanager
def open_service(settings: ServeSettings) -> Iterator[Service]:
    """Open the store of a service, and do in the background what has time: see `_clean`.

    Raises PayiError for settings that can't be used and for a file that can't be opened.
    """
    settings.check()
    store = Store(settings.file)
    stop = threading.Event()
    service = Service(store, settings)
    cleaner = threading.Thread(target=_clean, args=(service, stop), name="payi-serve-retention", daemon=True)
    cleaner.start()
    try:
        yield service
    finally:
        stop.set()
        cleaner.join()
        store.close()


def _clean(service: Service, stop: threading.Event) -> None:
    """Delete what is older than the service keeps, and add up the calls of large values."""
    settings, pause = service.settings, 0.0
    keeper = LargeKeeper(service.store)
    while not stop.wait(pause):
        now = service.now()
        found = 0
        for days, only_content in ((settings.keep_days, False), (settings.keep_content_days, True)):
            if days is not None:
                found += delete_slice(service.store, now - timedelta(days=days), only_content=only_content)
        found += keeper.work(now)
        # Slice by slice, so that events that arrive wait for one slice at most.
        pause = _BETWEEN if found else _AFTER


def listen(settings: ServeSettings) -> socket.socket:
    """Return the socket of a service. Raises PayiError if its address is taken, or not of this machine."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((settings.host.strip("[]"), settings.port))
        made.listen(256)
    # A TypeError is a name that no host can have.
    except (OSError, OverflowError, TypeError) as exc:
        made.close()
        is_port = isinstance(exc, OverflowError) or getattr(exc, "errno", None) in _OF_PORT
        raise PayiError(
            f"the local service can't listen on {settings.host}:{settings.port}:"
            f" {getattr(exc, 'strerror', None) or exc}; choose another {'--port' if is_port else '--host'}"
        ) from None
    return made


def find_address(made: socket.socket) -> str:
    """Return the base URL by which this machine calls a service, by its socket."""
    host, port = made.getsockname()[:2]
    if listens_everywhere(made):
        # No program can connect to it, only listen on it.
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def listens_everywhere(made: socket.socket) -> bool:
    """Return whether a socket listens on all addresses of this machine."""
    return ipaddress.ip_address(made.getsockname()[0].partition("%")[0]).is_unspecified


def make_server(app: FastAPI) -> Server:
    """Return the server of an app. It logs warnings only: a line for each call would help nobody."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=_GRACE,
    )
    return Server(config)


def run_server(service: Service, made: socket.socket) -> None:
    """Serve the API and the page until the process is told to stop."""
    # Once everything is closed, uvicorn raises the signal again that ended it: see `ended_by_signals`.
    make_server(_make_app_with_page(service)).run(sockets=[made])


def _make_app_with_page(service: Service) -> FastAPI:
    # NiceGUI takes a second to import, and has one app for the process.
    from payi_transport.serve.page.site import add_page

    app = make_app(service)
    add_page(app, service.queries)
    return app


@contextmanager
def serve_in_thread(settings: ServeSettings, *, has_page: bool = False) -> Iterator[tuple[str, Service]]:
    """Serve the API in a thread of this process, and yield the address.

    `has_page` adds the page, which a process can do once.
    """
    with open_service(settings) as service:
        made = listen(settings)
        server = make_server(_make_app_with_page(service) if has_page else make_app(service))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [made]}, daemon=True)
        thread.start()
        try:
            yield find_address(made), service
        finally:
            server.should_exit = True
            thread.join()
            made.close()
