"""What `payi_instrument()` tells a program in its log, word for word."""

from __future__ import annotations

import logging
from types import ModuleType

import httpx
import pytest

from payi_transport import MemorySink, payi_instrument
from payi_transport.api import child_start, instrument
from payi_transport.api.arguments import InstrumentArguments
from payi_transport.api.child_start import ChildStart
from payi_transport.hooks.httpx.installed import get_family

LOGGER = logging.getLogger("tests.messages")


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    return [(record.name, record.levelname, record.getMessage()) for record in caplog.records]


def test_a_call_that_asks_for_something_else_is_told_what_is_ignored(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink, logger=LOGGER)
    caplog.clear()
    payi_instrument(instruments={"system.openai"}, config={"user_id": "u"})
    assert said(caplog) == [
        (
            LOGGER.name,
            "WARNING",
            "payi_transport: payi_instrument() was already called, so this call changes nothing and ignores"
            " instruments, config.user_id. To apply them, call payi_uninstrument() first",
        )
    ]


def test_a_call_that_asks_for_nothing_else_is_told_at_debug_level(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    payi_instrument(sink=sink, logger=LOGGER)
    with caplog.at_level(logging.DEBUG, LOGGER.name):
        caplog.clear()
        payi_instrument()
    told = "payi_transport: payi_instrument() was already called, so this call changes nothing"
    assert said(caplog) == [(LOGGER.name, "DEBUG", told)]


def test_a_missing_key_is_reported_with_how_to_record(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instrument, "_warned_of_missing_key", False)
    with caplog.at_level(logging.DEBUG, LOGGER.name):
        for _ in range(2):
            payi_instrument(config={"required": False}, logger=LOGGER)
    told = (
        "payi_transport: no Pay-i API key, so no call is recorded, as config={'required': False} allows. To"
        " record calls, set PAYI_API_KEY and call payi_instrument() again"
    )
    assert said(caplog) == [(LOGGER.name, level, told) for level in ("WARNING", "DEBUG")]


def test_a_child_that_cannot_report_is_reported_with_what_to_do(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_start, "_warned", False)
    ChildStart(InstrumentArguments(sink=MemorySink()), "app", 1.0).make_entry(LOGGER)
    told = (
        "payi_transport: a process that multiprocessing starts does not report its calls, because events go"
        " to an object of this process. Call payi_instrument() in the child, or pass children=False if it"
        " makes none"
    )
    assert said(caplog) == [(LOGGER.name, "WARNING", told)]


def test_what_a_library_lacks_is_reported_with_what_to_use_instead(
    sink: MemorySink, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(httpx.AsyncClient, "_send_single_request")
    assert isinstance(get_family("httpx").module, ModuleType)
    payi_instrument(sink=sink, logger=LOGGER)
    told = (
        "payi_transport: this version of httpx has no httpx.AsyncClient._send_single_request, so calls made"
        " with it are not recorded. With httpx, use payi_httpx_client() or PayiTransport instead"
    )
    assert (LOGGER.name, "WARNING", told) in said(caplog)


def test_a_variable_that_is_not_known_is_reported_with_the_one_that_was_meant(
    sink: MemorySink, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_USR_ID", "u")
    payi_instrument(sink=sink, logger=LOGGER)
    told = (
        "payi_transport: the variable PAYI_TRANSPORT_USR_ID is not known and is ignored; did you mean"
        " PAYI_TRANSPORT_USER_ID?"
    )
    assert said(caplog) == [(LOGGER.name, "WARNING", told)]
