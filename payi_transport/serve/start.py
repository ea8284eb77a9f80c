"""What `payi-transport serve` does with its options."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.sources import load_sources
from payi_transport.errors import PayiError
from payi_transport.serve import demo
from payi_transport.serve.command import find_address, listen, open_service, run_server
from payi_transport.serve.retention import forget
from payi_transport.serve.settings import ServeSettings

__all__ = ["find_default_file", "make_settings", "read_days", "read_upstreams", "serve"]

_DAYS = re.compile(r"(\d{1,5})\s*d?")


def serve(options: Mapping[str, Any], echo: Callable[[str], None]) -> None:
    """Serve until the process is told to stop, or forget someone. Raises PayiError."""
    if options["is_demo"]:
        with tempfile.TemporaryDirectory(prefix="payi-demo-") as folder:
            file = options["file"] or Path(folder, "demo.sqlite")
            _serve(make_settings({**options, "file": file}), options, echo)
    else:
        _serve(make_settings(options), options, echo)


def _serve(settings: ServeSettings, options: Mapping[str, Any], echo: Callable[[str], None]) -> None:
    with open_service(settings) as service:
        if _forget(service.store, options, echo):
            return
        if options["is_demo"]:
            echo(f"Stored {demo.fill(service)} made-up calls in {settings.file}")
        with listen(settings) as made:
            address = find_address(made)
            if settings.token:
                echo(f"The page asks for the token once: {address}/?token=...")
            echo(
                f"Serving {address} from {settings.file}; Ctrl+C ends it.\n"
                f"Report here: PAYI_BASE_URL={address} PAYI_API_KEY={'...' if settings.token else 'local'}"
            )
            run_server(service, made)


def _forget(store: Any, options: Mapping[str, Any], echo: Callable[[str], None]) -> bool:
    names = {"user": options["forget_user"], "account": options["forget_account"]}
    for field, name in names.items():
        if name is not None:
            echo(f"Forgot the {field} {name!r} in {forget(store, field, name)} calls")  # type: ignore[arg-type]
    return any(name is not None for name in names.values())


def make_settings(options: Mapping[str, Any]) -> ServeSettings:
    """Return the settings that a command line states. Raises PayiError."""
    sources = None if options["config"] is None else load_sources(options["config"], {}, lambda problem: None)
    config = None if sources is None else sources.check()
    return ServeSettings(
        file=options["file"] or find_default_file(os.environ),
        host=options["host"],
        port=options["port"],
        token=options["token"] or None,
        hosts=tuple(options["hosts"]),
        strict=options["strict"],
        mappings={} if config is None else collect_host_mappings(config),
        upstreams=read_upstreams(options["upstreams"]),
        prices=None if config is None else config.prices,
        keep_days=read_days("--keep", options["keep"]),
        keep_content_days=read_days("--keep-content", options["keep_content"]),
    )


def read_upstreams(texts: Iterable[str]) -> dict[str, str]:
    """Return base URLs by provider, from texts such as "openai=https://gw.example". Raises PayiError."""
    upstreams: dict[str, str] = {}
    for text in texts:
        name, equals, base = text.partition("=")
        if not (name and equals and base):
            raise PayiError(
                f"--upstream: expected a provider and an address, such as openai=https://gateway.example.org,"
                f" got {text!r}"
            )
        upstreams[name] = base.rstrip("/")
    return upstreams


def read_days(option: str, text: str | None) -> float | None:
    """Return the days of a text such as "90d", None for none. Raises PayiError."""
    if text is None:
        return None
    found = _DAYS.fullmatch(text.strip())
    if found is None:
        raise PayiError(f"{option}: expected a number of days such as 90d, got {text!r}")
    return float(found[1])


def find_default_file(environment: Mapping[str, str]) -> Path:
    """Return where the store is, unless the command line says so."""
    folder = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(folder, "payi-transport", "serve.sqlite")
