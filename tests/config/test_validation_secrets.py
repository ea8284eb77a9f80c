"""A secret in the wrong place of a config, of an argument, or of the environment is in no error."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from payi_transport import PayiConfigError, payi_flush, payi_instrument, track, track_context
from payi_transport.client.arguments import check_dict, check_headers, check_max_retries, check_timeout
from payi_transport.client.transport import _find_library
from payi_transport.config.expected import find_section
from payi_transport.config.schema import Settings
from payi_transport.config.validation import check_config
from payi_transport.values.zones import find_zone
from tests.support.secrets import SECRET, TEXTS, URLS

ALL = [*TEXTS, *URLS]
FORMS: list[Callable[[str], Any]] = [
    lambda text: text,
    lambda text: {"name": text},
    lambda text: {text: {}},
    lambda text: [text],
    lambda text: [{"x": text}],
    lambda text: {"a": {"b": text}},
    lambda text: text.encode(),
]
ARGUMENTS: dict[str, Callable[[str], object]] = {
    "payi": payi_instrument,
    "payi in a list": lambda text: payi_instrument([text]),
    "instruments": lambda text: payi_instrument(instruments=[text]),
    "sink": lambda text: payi_instrument(sink=text),
    "logger": lambda text: payi_instrument(logger=text),  # type: ignore[arg-type]
    "switch": lambda text: payi_instrument(log_prompt_and_response=text),  # type: ignore[arg-type]
    "timeout": check_timeout,
    "retries": check_max_retries,
    "headers": lambda text: check_headers({f"{text} ": text}, "default_headers"),
    "query": lambda text: check_dict(text, "default_query"),
    "client": lambda text: _find_library(text, "Client"),
    "flush": lambda text: payi_flush(text),  # type: ignore[arg-type]
    "scope": lambda text: track_context(limit_ids=text),  # type: ignore[arg-type]
    "decorator": lambda text: track(text),  # type: ignore[call-overload]
    "time zone": find_zone,
}


def list_paths(schema: Any, *above: str) -> Iterator[tuple[str, ...]]:
    for field in msgspec.structs.fields(schema):
        yield (*above, field.name)
        section = find_section(field.type)
        if section is not None:
            yield from list_paths(section, *above, field.name)


def test_no_key_of_the_config_shows_one() -> None:
    # Each text meets each form, and each key each form.
    texts = itertools.cycle(ALL)
    errors = 0
    for path in list_paths(Settings):
        for form in (*FORMS, *FORMS):
            config = form(next(texts))
            for key in reversed(path):
                config = {key: config}
            try:
                check_config(config)
            except PayiConfigError as exc:
                errors += 1
                assert SECRET not in f"{exc}{exc!r}", path
    assert errors > 1000


@pytest.mark.parametrize("form", range(len(FORMS)))
@pytest.mark.parametrize("path", ["proxy", "delivery", "host_mappings", "openai_config"])
def test_no_form_of_a_secret_is_shown(path: str, form: int) -> None:
    for text in ALL:
        with pytest.raises(PayiConfigError) as caught:
            check_config({path: FORMS[form](text)})
            raise PayiConfigError("accepted")
        assert SECRET not in f"{caught.value}{caught.value!r}"


def test_what_stands_under_the_name_of_a_secret_is_not_shown() -> None:
    with pytest.raises(PayiConfigError) as caught:
        check_config({"host_mappings": {"api_key": "hunter2"}})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_no_argument_shows_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "k")
    for text in ALL:
        with pytest.raises((PayiConfigError, TypeError, ValueError)) as caught:
            ARGUMENTS[name](text)
        assert SECRET not in f"{caught.value}{caught.value!r}"


def test_settings_show_no_secret() -> None:
    nats = {"user": "u", "password": SECRET}
    webhook = {"a": {"amount": 1, "webhook": f"https://hooks.test/{SECRET}"}}
    assert SECRET not in repr(check_config({"nats": nats, "budgets": webhook}))
