"""`payi-transport run`: start a program instrumented, without a line of it changed.

The program takes the place of this process, so it has the terminal, the signals and the exit code to itself.
What it finds is an environment in which Python instruments itself, see `autostart`. The configuration is
checked before, because afterwards nobody is left to refuse it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from payi_transport import autostart
from payi_transport.cli.complete_check import check_here
from payi_transport.client.arguments import is_header_name
from payi_transport.config.schema import Settings
from payi_transport.config.sources import CONFIG_VARIABLE, PREFIX, load_sources
from payi_transport.errors import PayiConfigError, PayiError
from payi_transport.pipeline.assembly import find_account
from payi_transport.runtime.run_start import RUN_START_VARIABLE
from payi_transport.sinks.configured import PAYI, find_sink_names
from payi_transport.values.shown import show

__all__ = ["check_settings", "make_environment", "replace_process"]

_OFFLINE = f"{PREFIX}OFFLINE_INSTRUMENTATION"
_PROPERTIES = f"{PREFIX}REQUEST_PROPERTIES"


def make_environment(
    environment: Mapping[str, str],
    *,
    config: Path | None = None,
    offline: Path | None = None,
    tags: Sequence[str] = (),
) -> dict[str, str]:
    """Return the environment in which a program instruments itself.

    `tags` are texts `key=value`, which become properties of all requests. Raises PayiConfigError.
    """
    made = dict(environment)
    if config is not None:
        # Absolute, because the program may change its folder before it reads them.
        made[CONFIG_VARIABLE] = str(config.absolute())
    if offline is not None:
        made[_OFFLINE] = str(offline.absolute())
    if tags:
        made[_PROPERTIES] = _add_properties(made.get(_PROPERTIES, "{}"), tags)
    if offline is not None or RUN_START_VARIABLE not in made:
        made[RUN_START_VARIABLE] = str(time.time())
    folders = [str(Path(autostart.__file__).parent), made.get("PYTHONPATH", "")]
    made["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    return made


def _add_properties(text: str, tags: Sequence[str]) -> str:
    try:
        properties = json.loads(text)
    except (ValueError, RecursionError):
        properties = None
    if not isinstance(properties, dict):
        raise PayiConfigError(f"{_PROPERTIES}: expected a JSON object, got {show(text)}")
    for tag in tags:
        key, equals, value = tag.partition("=")
        if not (key and equals):
            raise PayiConfigError(f"--tag: expected key=value, got {show(tag)}")
        properties[key] = value
    return json.dumps(properties)


def check_settings(
    environment: Mapping[str, str], warn: Callable[[str], None], *, prepares: bool = True
) -> Settings:
    """Return the settings that a program in this environment starts with. Raises PayiError.

    Raises what instrumenting would raise for them, a missing API key among it. Unless nothing `prepares` for
    a start, the directory of the spool is made.
    """
    settings = check_here(load_sources(None, environment, warn), prepares=prepares)
    _check_headers(environment.get("PAYI_CUSTOM_HEADERS", ""), warn)
    account = find_account(None)
    if settings.required and PAYI in find_sink_names(settings) and not account.api_key:
        raise PayiError(
            "No Pay-i API key, so events can't be delivered: set the environment variable PAYI_API_KEY, or"
            " write events to a file with --offline FILE"
        )
    return settings


def _check_headers(text: str, warn: Callable[[str], None]) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        name, colon, _ = line.partition(":")
        if line.strip() and not (colon and is_header_name(name.strip())):
            # Not shown: it may be a value, which is often a secret.
            warn(f"PAYI_CUSTOM_HEADERS: line {number} is not of the form `Name: value`, and is ignored")


def replace_process(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run `command` in place of this process. Raises PayiError if it can't be started."""
    try:
        os.execvpe(command[0], list(command), dict(environment))  # noqa: S606
    # A ValueError is an empty name, or a character that no name can have.
    except (OSError, ValueError) as exc:
        raise PayiError(explain_failure(command[0], exc)) from None


def explain_failure(program: str, exc: Exception) -> str:
    """Return why a program could not be started, in one line."""
    hint = ""
    if program.endswith(".py"):
        hint = "; put `python` in front of it"
    elif isinstance(exc, FileNotFoundError) and os.sep not in program:
        hint = "; expected a program of the PATH, or the path of one"
    elif isinstance(exc, FileNotFoundError) and os.path.exists(program):
        hint = ": the interpreter that its first line names"
    elif isinstance(exc, PermissionError):
        hint = "; expected a file that may be executed"
    return f"{program!r} can't be run: {getattr(exc, 'strerror', None) or exc}{hint}"
