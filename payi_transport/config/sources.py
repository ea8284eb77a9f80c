"""Where the config comes from: arguments, the environment, a file. The same keys everywhere.

Arguments win over the environment, and the environment over the file. Each source is checked by itself before
they are merged, so an error names the file or the variable that has to be corrected.

A variable is `PAYI_TRANSPORT_<KEY>`, with `__` between levels, such as `PAYI_TRANSPORT_DELIVERY__MODE`. Its
text is read by the type of the key: lists are separated by commas, and tables are JSON.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from payi_transport.config.expected import describe, find_section
from payi_transport.config.origins import ARGUMENT, name_origins
from payi_transport.config.schema import Section, Settings
from payi_transport.config.secrets_in_files import refuse_secrets
from payi_transport.config.toml import read_toml
from payi_transport.config.validation import check_config, check_values
from payi_transport.errors import PayiConfigError
from payi_transport.runtime.run_start import RUN_START_VARIABLE
from payi_transport.values.near_names import find_near
from payi_transport.values.shown import is_secret_name, show

__all__ = ["CONFIG_VARIABLE", "PREFIX", "Sources", "load_sources", "read_file"]

PREFIX = "PAYI_TRANSPORT_"
CONFIG_VARIABLE = "PAYI_TRANSPORT_CONFIG"
# Read elsewhere: they are not keys of the config.
_DISABLED = f"{PREFIX}DISABLED"
_OTHER_VARIABLES = frozenset({CONFIG_VARIABLE, _DISABLED, "PAYI_TRANSPORT_RUN", RUN_START_VARIABLE})
# Variables of Pay-i's own, which have no such prefix.
_PAYI_VARIABLES = ("PAYI_API_KEY", "PAYI_BASE_URL", "PAYI_CUSTOM_HEADERS")
_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


class Sources(msgspec.Struct, frozen=True):
    """The merged config, and where each of its values is from, by the path of its key."""

    config: dict[str, Any]
    origins: dict[str, str]

    def check(self) -> Settings:
        """Return the settings. Raises PayiConfigError, which names the sources of what is wrong."""
        with self.named():
            return check_config(self.config)

    def named(self) -> AbstractContextManager[None]:
        """Name the sources in the errors of a block that checks what `check` doesn't."""
        return name_origins(self.origins)


def load_sources(config: Any, environment: Mapping[str, str], warn: Callable[[str], None]) -> Sources:
    """Merge the `config` argument, which may be the path of a file, with the environment and its file.

    Raises PayiConfigError for a file or a variable that can't be used. An unknown variable is passed to
    `warn` as a message with the nearest known one. The argument itself is not checked here, and neither is
    what depends on more than one key.
    """
    is_path = isinstance(config, str | os.PathLike)
    file = os.fspath(config) if is_path else environment.get(CONFIG_VARIABLE)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if file:
        _merge(merged, read_file(file), origins, str(file))
    for variable, values in _read_environment(environment, warn):
        _merge(merged, values, origins, variable)
    _check_disabled(environment.get(_DISABLED, ""))
    if isinstance(config, Mapping):
        _merge(merged, config, origins, ARGUMENT)
    elif config is not None and not is_path:
        raise PayiConfigError(f"config: expected a dict or the path of a file, got {show(config)}")
    return Sources(merged, origins)


def read_file(file: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the checked config of a TOML file; relative paths in it become relative to it.

    A `pyproject.toml` has it in the table `tool.payi_transport`. Raises PayiConfigError.
    """
    path = Path(file)
    values = read_toml(path)
    if path.name == "pyproject.toml":
        tools = values.get("tool")
        own = tools.get("payi_transport") if isinstance(tools, dict) else None
        if not isinstance(own, dict):
            raise PayiConfigError(f"{file}: expected a table [tool.payi_transport]")
        values = own
    elif isinstance(values.get("tool"), dict):
        raise PayiConfigError(
            f"{file}: unknown key 'tool'; the table [tool.payi_transport] is only read from a pyproject.toml,"
            " and here its keys are at the top of the file"
        )
    with _ErrorLocation(str(file)):
        refuse_secrets(values)
        check_values(values)
    return _resolve_paths(values, path.parent)


class _ErrorLocation:
    """Names the place in the message of an error: a file, or a variable in place of the key's path."""

    def __init__(self, place: str, key: str = "") -> None:
        self._place = place
        self._key = key

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, exc: BaseException | None, traceback: object) -> None:
        if isinstance(exc, PayiConfigError):
            text = str(exc).removeprefix("config").removeprefix(self._key).lstrip(".: ")
            raise PayiConfigError(f"{self._place}: {text}") from None


def _merge(
    into: dict[str, Any], values: Mapping[str, Any], origins: dict[str, str], origin: str, path: str = ""
) -> None:
    """Merge nested dicts; lists and other values replace what was there."""
    for key, value in values.items():
        here = f"{path}{key}"
        # None means the default.
        if value is None:
            continue
        if isinstance(value, Mapping):
            below = into.get(key)
            into[key] = dict(below) if isinstance(below, Mapping) else {}
            _merge(into[key], value, origins, origin, f"{here}.")
        else:
            into[key] = value
            for below in [path for path in origins if path.startswith(f"{here}.")]:
                del origins[below]
        origins[here] = origin


def _read_environment(
    environment: Mapping[str, str], warn: Callable[[str], None]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each variable of ours with the config that it means."""
    known: dict[str, str] = {}
    for variable in sorted(environment):
        if not variable.startswith(PREFIX) or variable in _OTHER_VARIABLES:
            continue
        names = variable.removeprefix(PREFIX).lower().split("__")
        hint = _find_hint(names)
        if hint is None:
            known = known or _list_variables()
            warn(f"the variable {variable} is not known and is ignored{_find_near(variable, known)}")
            continue
        with _ErrorLocation(variable, f".{'.'.join(names)}"):
            value = _parse(environment[variable].strip(), hint, ".".join(names))
            for name in reversed(names):
                value = {name: value}
            check_values(value)
        yield variable, value


def _keys(section: type[Section]) -> dict[str, Any]:
    hints = get_type_hints(section, include_extras=True)
    return {name: hint for name, hint in hints.items() if name in section.__struct_fields__}


def _find_hint(names: list[str]) -> Any:
    """Return the type of the key at this path of names, None if there is no such key."""
    section: type[Section] | None = Settings
    hint: Any = None
    for name in names:
        hint = None if section is None else _keys(section).get(name)
        section = None if hint is None else find_section(hint)
    return hint


def _list_variables() -> dict[str, str]:
    """Return the names of all variables, by what they are without their prefixes."""
    own = dict(_walk_variables(Settings, ""))
    return {**own, **{name.removeprefix("PAYI_"): name for name in _PAYI_VARIABLES}}


def _walk_variables(section: type[Section], above: str) -> Iterator[tuple[str, str]]:
    for name, hint in _keys(section).items():
        text = f"{above}{name.upper()}"
        yield text, f"{PREFIX}{text}"
        below = find_section(hint)
        if below is not None:
            yield from _walk_variables(below, f"{text}__")


def _find_near(variable: str, known: Mapping[str, str]) -> str:
    # Without the prefix, which all have in common: with it, they would all be near.
    text = variable.removeprefix(PREFIX).removeprefix("PAYI_").upper()
    # What is below a table whose keys are the user's own is not known, but the table is.
    outer = [text.rsplit("__", count)[0] for count in range(1, text.count("__") + 1)]
    near = find_near(text, known) or next((name for name in outer if name in known), None)
    return f"; did you mean {known[near]}?" if near else ""


def _check_disabled(text: str) -> None:
    if _word(text.strip()) not in ("", "true", "false", "1", "0"):
        raise PayiConfigError(f"{_DISABLED}: expected True or False, got {show(text)}")


def _parse(text: str, hint: Any, path: str) -> Any:
    """Return what the text of a variable means for a key of this type. Raises PayiConfigError."""
    section = find_section(hint)
    is_table = section is not None or get_origin(hint) is dict
    if (text.startswith("{") and is_table) or (text.startswith("[") and _is_list(hint)):
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as exc:
            kind = "a JSON object" if is_table else "a JSON array, or items with commas"
            raise PayiConfigError(f"config.{path}: expected {kind} ({exc})") from None
    if _is_list(hint):
        items = [item.strip() for item in text.split(",")]
        return [item for item in items if item]
    if section is not None and section.shorthand:
        # A file name, unless it is a word for a switch.
        return {"true": True, "1": True, "false": False, "0": False}.get(_word(text), text)
    try:
        return msgspec.convert(text, hint, strict=False)
    except msgspec.ValidationError:
        try:
            return msgspec.convert(_word(text), hint, strict=False)
        except msgspec.ValidationError:
            name = path.rpartition(".")[2]
            if section is not None:
                # Probably the one value that is needed, which may be the secret among the keys.
                name = next(filter(is_secret_name, section.__struct_fields__), name)
            raise PayiConfigError(
                f"config.{path}: expected {_describe(hint)}, got {show(text, name)}"
            ) from None


def _describe(hint: Any) -> str:
    section = find_section(hint)
    if section is not None:
        return f"a JSON object: {describe(hint)}"
    return f"a JSON object: {describe(hint)}" if get_origin(hint) is dict else describe(hint)


def _word(text: str) -> str:
    return _WORDS.get(text.lower(), text.lower())


def _is_list(hint: Any) -> bool:
    # A key may also be None, which is `tuple[...] | None`.
    return any(get_origin(member) is tuple for member in (hint, *get_args(hint)))


# The keys that hold paths, in whichever section they are.
_PATHS = frozenset(
    {
        *("credentials_file", "file_name", "nkey_file", "spool_directory", "tls_ca_file"),
        *("tls_certificate_file", "tls_key_file", "tokenizer_path", "budgets_file"),
        *("offline_instrumentation", "url"),
    }
)


def _resolve_paths(values: Mapping[str, Any], folder: Path, hint: Any = Settings) -> dict[str, Any]:
    section = find_section(hint)
    keys = {} if section is None else _keys(section)
    resolved: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            # The keys of a table that is no section are the user's own.
            below = get_args(hint)[1] if section is None else keys[name]
            resolved[name] = _resolve_paths(value, folder, below)
        # The `url` of a bucket may be a folder.
        elif name in keys and name in _PATHS and isinstance(value, str) and "://" not in value:
            resolved[name] = str(folder / value)
        else:
            resolved[name] = value
    return resolved
