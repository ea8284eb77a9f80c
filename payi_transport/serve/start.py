"""What `payi-transport serve` does with its options."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.sources import load_sources
from payi_transport.errors import PayiError
from payi_transport.runtime.ending_signals import ended_by_signals
from payi_transport.serve import demo
from payi_transport.serve.command import (
    find_address,
    listen,
    listens_everywhere,
    open_service,
    run_server,
)
from payi_transport.serve.retention import forget
from payi_transport.serve.settings import ServeSettings
from payi_transport.values.near_names import find_near

__all__ = ["find_default_file", "make_settings", "read_days", "read_upstreams", "serve"]

_DAYS = re.compile(r"(\d{1,5})\s*d?")
_Field = Literal["user", "account"]
# How many names are compared with one that the store does not have, which takes a fraction of a second.
_COMPARED = 10_000


def serve(options: Mapping[str, Any], echo: Callable[[str], None]) -> int:
    """Serve until the process is told to stop, or forget someone. Return an exit code. Raises PayiError."""
    if names := _read_forgotten(options):
        return _forget(make_settings(options).file, names, echo)
    with ended_by_signals():
        if options["is_demo"]:
            with tempfile.TemporaryDirectory(prefix="payi-demo-") as folder:
                file = options["file"] or Path(folder, "demo.sqlite")
                _serve(make_settings({**options, "file": file}), options, echo)
        else:
            _serve(make_settings(options), options, echo)
    return 0


def _serve(settings: ServeSettings, options: Mapping[str, Any], echo: Callable[[str], None]) -> None:
    with open_service(settings) as service:
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
            if listens_everywhere(made):
                names = " or ".join(settings.hosts) or "this machine's address, or its name with --allow-host"
                echo(f"Elsewhere, replace {urlsplit(address).hostname} by {names}.")
            run_server(service, made)


def _read_forgotten(options: Mapping[str, Any]) -> dict[_Field, str]:
    """Return who is to be forgotten. Raises PayiError for what can't be meant."""
    fields: tuple[_Field, ...] = ("user", "account")
    names = {field: options[f"forget_{field}"] for field in fields}
    names = {field: name for field, name in names.items() if name is not None}
    if "" in names.values():
        raise PayiError("--forget-user and --forget-account: expected a name, got ''")
    if names and options["is_demo"]:
        raise PayiError("--demo and --forget-... exclude each other: all names of the demo are made up")
    return names


def _forget(file: Path, names: Mapping[_Field, str], echo: Callable[[str], None]) -> int:
    """Forget people, and return 1 if the store lacks one of them."""
    if not file.exists():
        raise PayiError(f"there is no store at {file}: choose another --file")
    code = 0
    with open_service(ServeSettings(file=file)) as service:
        for field, name in names.items():
            count = forget(service.store, field, name)
            if count is None:
                code = 1
                near = find_near(name, service.queries.names(field, most=_COMPARED))
                hint = f"; did you mean {near!r}?" if near else ""
                echo(f"No call in {file} has the {field} {name!r}{hint}")
            else:
                echo(f"Forgot the {field} {name!r} in {count} calls")
    return code


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
    if found is None or not int(found[1]):
        raise PayiError(
            f"{option}: expected a number of days such as 90d, at least 1, got {text!r};"
            " leave it out to delete nothing"
        )
    return float(found[1])


def find_default_file(environment: Mapping[str, str]) -> Path:
    """Return where the store is, unless the command line says so."""
    folder = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(folder, "payi-transport", "serve.sqlite")
