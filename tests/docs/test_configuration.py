"""The tables of the configuration page name every key with its default, and no other."""

from __future__ import annotations

import re
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from payi_transport import PayiInstrumentConfig
from payi_transport.config.validation import check_config
from tests.support.snippets import ROOT

PAGE = (ROOT / "docs/configuration.md").read_text("utf-8")
DOCUMENTED = dict(re.findall(r"^\| `([a-z_.]+)` \| (.+?) \| .+ \|$", PAGE, re.MULTILINE))
# Defaults that depend on the program or the time, which the page describes in words.
DESCRIBED = {
    "use_case_name": "the calling file",
    "offline_instrumentation.file_name": "a time stamp",
    "bucket.url": "none",
}


def section_of(hint: Any) -> type | None:
    """The TypedDict that a key holds, if it holds a section of its own."""
    return next((kind for kind in (hint, *get_args(hint)) if hasattr(kind, "__total__")), None)


def keys_of(section: type, prefix: str = "") -> list[str]:
    """The dotted names of all keys, section by section."""
    found: list[str] = []
    for name, hint in get_type_hints(section).items():
        inner = section_of(hint)
        found += keys_of(inner, f"{prefix}{name}.") if inner else [f"{prefix}{name}"]
    return found


def default_of(key: str) -> object:
    # A section that asks for a sink has defaults only where it is there.
    sections: dict[str, dict[str, Any]] = {"nats": {}, "otel": {}, "bucket": {"url": "the address"}}
    name = key.partition(".")[0]
    value: Any = check_config({name: sections[name]} if name in sections else None)
    for part in key.split("."):
        value = getattr(value, part)
    return value


def test_every_key_is_documented_and_nothing_else() -> None:
    assert sorted(DOCUMENTED) == sorted(keys_of(PayiInstrumentConfig))


@pytest.mark.parametrize("key", sorted(set(DOCUMENTED) - set(DESCRIBED)))
def test_the_default_is_the_one_in_the_table(key: str) -> None:
    default = default_of(key)
    assert DOCUMENTED[key] in (f"`{default!r}`", f"`{msgspec.json.encode(default).decode()}`")


def test_defaults_that_depend_on_the_program_are_described() -> None:
    assert {key: DOCUMENTED[key] for key in DESCRIBED} == DESCRIBED
