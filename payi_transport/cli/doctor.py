"""`payi-transport doctor`: would calls made in this environment be recorded, and would their events arrive?

Each check returns findings, one line each. A finding that keeps events from arriving is an error, and one
that may surprise is a warning. Nothing here shows a secret: of a key only that it is set, of an address
neither its credentials nor its query.
"""

from __future__ import annotations

import email.utils
import importlib
import re
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FunctionType
from typing import Any, Literal

import msgspec

from payi_transport.cli.complete_check import find_doubts
from payi_transport.cli.run import check_settings
from payi_transport.cli.written_calls import examine_written
from payi_transport.client.payi import Payi
from payi_transport.config.schema import Settings
from payi_transport.config.sources import load_sources
from payi_transport.delivery.spool.directory import check_directory
from payi_transport.errors import APIConnectionError, APIStatusError, PayiError
from payi_transport.hooks.methods import find_original
from payi_transport.hooks.registry import Registry, get_hooks
from payi_transport.pipeline.assembly import find_account
from payi_transport.reports.formats import say_count
from payi_transport.sinks.configured import PAYI, find_sink_names
from payi_transport.values.redaction import is_secret_header, remove_secrets
from payi_transport.values.shown import show_whole

__all__ = ["Finding", "examine", "examine_clock", "has_errors"]

_LIBRARIES = ("httpx", "httpx2", "aiohttp", "requests", "botocore")
_SDKS = (
    *("openai", "anthropic", "google-genai", "boto3", "mistralai", "cohere", "groq", "litellm"),
    *("databricks-sdk", "langchain-core", "openai-agents"),
)
# What the hooks replace, as module, class, and method.
_METHODS = (
    "httpx:Client:_send_single_request",
    "httpx:AsyncClient:_send_single_request",
    "httpx2:Client:_send_single_request",
    "httpx2:AsyncClient:_send_single_request",
    "aiohttp.client:ClientSession:_request",
    "requests.adapters:HTTPAdapter:send",
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
# Pay-i refuses events whose time is 5 minutes ahead. Seconds.
_MAX_AHEAD = 240
_API_TIMEOUT = 10.0


class Finding(msgspec.Struct, frozen=True):
    """One line: what was looked at, how it is, and the details."""

    subject: str
    level: Literal["ok", "note", "warning", "error"]
    text: str


def examine(environment: Mapping[str, str]) -> list[Finding]:
    """Return all findings about this process and `environment`."""
    findings = [*_examine_versions(), *_examine_hooks()]
    try:
        problems: list[str] = []
        settings = check_settings(environment, problems.append, prepares=False)
    except PayiError as exc:
        return [*findings, Finding("config", "error", str(exc))]
    findings += [Finding("config", "warning", problem) for problem in problems]
    findings += _examine_config(settings, environment)
    findings += _examine_spool(settings)
    findings += [Finding(*row) for row in examine_written(settings)]
    if PAYI in find_sink_names(settings):
        findings += _examine_connection(settings)
    return findings


def has_errors(findings: list[Finding]) -> bool:
    """Return whether anything keeps events from arriving."""
    return any(finding.level == "error" for finding in findings)


def _examine_versions() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", "ok", f"{python} at {sys.executable}")
    for name in ("payi-transport", "anyio", "msgspec"):
        yield Finding(name, "ok", _find_version(name) or "not installed")
    found = [f"{name} {number}" for name in _SDKS if (number := _find_version(name))]
    yield Finding("SDKs", "ok" if found else "note", ", ".join(found) or "no known SDK is installed")
    if sys.flags.isolated or sys.flags.ignore_environment:
        yield Finding(
            "python", "warning", "-I and -E ignore PYTHONPATH, so `payi-transport run` has no effect"
        )


def _find_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _examine_hooks() -> Iterator[Finding]:
    missing: dict[str, str] = {}
    for name in _LIBRARIES:
        if _find_version(name):
            importlib.import_module(name)
    # Below ours, which may be installed already, whatever is no plain function of the library is another's.
    wrapped = [name for name in _METHODS if _find_version(re.split("[.:]", name)[0]) and _is_wrapped(name)]
    registry = Registry(get_hooks(), missing.__setitem__)
    registry.install()
    try:
        for name in _LIBRARIES:
            number = _find_version(name)
            lacking = next((what for library, what in missing.items() if library.startswith(name)), None)
            if number is None:
                yield Finding(name, "note", "not installed")
            elif lacking is not None:
                yield Finding(name, "error", f"{number} has no {lacking}, so its calls are not recorded")
            else:
                yield Finding(name, "ok", f"{number}, hooked")
    finally:
        registry.uninstall()
    for method in wrapped:
        yield Finding("others", "note", f"{method} is also wrapped by another library; both see each call")


def _is_wrapped(name: str) -> bool:
    module, owner, method = name.split(":")
    found = find_original(vars(getattr(importlib.import_module(module), owner)).get(method))
    return not isinstance(found, FunctionType) or hasattr(found, "__wrapped__")


def _examine_config(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    sources = load_sources(None, environment, lambda problem: None)
    # Only leaves: a table is from wherever its keys are from.
    for path, origin in sorted(sources.origins.items()):
        if not any(other.startswith(f"{path}.") for other in sources.origins):
            yield Finding("config", "ok", f"{path} = {_show(sources.config, path)}, from {origin}")
    for problem in find_doubts(settings):
        yield Finding("config", "warning", problem)
    for name in _PROXIES:
        for variable in (name, name.lower()):
            if value := environment.get(variable):
                yield Finding("proxy", "note", f"{variable} is set: {remove_secrets(value)}")


def _show(config: Any, path: str) -> str:
    if is_secret_header(path.rpartition(".")[2]):
        return "<removed>"
    return show_whole(_find_value(config, path))


def _find_value(config: Any, path: str) -> Any:
    # Names that users choose, such as those of hosts, may have dots in them.
    for name in sorted(config, key=len, reverse=True) if isinstance(config, Mapping) else ():
        if path == name or path.startswith(f"{name}."):
            return _find_value(config[name], path[len(name) + 1 :])
    return config


def _examine_spool(settings: Settings) -> Iterator[Finding]:
    directory = settings.delivery.spool_directory
    if directory is None:
        return
    if not Path(directory).is_dir():
        yield Finding("spool", "ok", f"{directory} will be created")
        return
    try:
        check_directory(directory)
    except (OSError, PayiError) as exc:
        yield Finding("spool", "error", str(exc))
        return
    files = [entry.stat().st_size for entry in Path(directory).glob("*.events")]
    yield Finding("spool", "ok", f"{directory} holds {sum(files):,} bytes in {say_count(len(files), 'file')}")


def _examine_connection(settings: Settings) -> Iterator[Finding]:
    account = find_account(None)
    address = remove_secrets(str(account.base_url))
    if not account.api_key:
        yield Finding("Pay-i", "warning", "no key is set, so nothing is recorded, as required = false allows")
        return
    sent_at = time.time()
    try:
        with Payi(timeout=_API_TIMEOUT, max_retries=0) as client:
            response = client.with_raw_response.categories.list(limit=1)
            yield Finding("Pay-i", "ok", f"{address} responds and accepts the key")
            yield from examine_clock(response.headers.get("date", ""), sent_at)
            yield from _examine_limits(client, settings)
    except APIStatusError as exc:
        reason = "rejects the key" if exc.status_code in (401, 403) else "responds with an error"
        yield Finding("Pay-i", "error", f"{address} {reason} (status {exc.status_code})")
    except APIConnectionError as exc:
        yield Finding("Pay-i", "error", f"{address} can't be reached: {remove_secrets(str(exc))}")


def examine_clock(date: str, now: float) -> Iterator[Finding]:
    """Compare our time with that of the `Date` header of a response; nothing for what is not a date."""
    try:
        ahead = now - email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return
    text = f"this clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} Pay-i's"
    yield Finding("clock", "error" if ahead > _MAX_AHEAD else "ok", text)


def _examine_limits(client: Payi, settings: Settings) -> Iterator[Finding]:
    for limit_id in getattr(settings, "limit_ids", ()):
        try:
            limit = client.limits.retrieve(limit_id).limit
        except APIStatusError as exc:
            yield Finding("limit", "error", f"{limit_id!r} can't be read (status {exc.status_code})")
            continue
        if limit.limit_type == "block":
            yield Finding(
                "limit",
                "warning",
                f"{limit_id!r} is of type block, which Pay-i refuses on events: it works in proxy mode only",
            )
