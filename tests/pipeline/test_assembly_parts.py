"""What the settings say reaches the part of a pipeline that it is about."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from payi_transport import (
    MemorySink,
    PayiConfigError,
    payi_flush,
    payi_instrument,
    payi_stats,
    payi_uninstrument,
    track_context,
)
from payi_transport.config.schema import DeliverySettings, Settings
from payi_transport.config.validation import check_config
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.assembly import make_pipeline, prepare_settings
from payi_transport.pipeline.parts import Parts
from payi_transport.providers.registry import Registry
from tests.support.calls import call


def start(sink: MemorySink | None = None, **config: Any) -> Parts:
    settings: Any = config
    payi_instrument(sink=sink or MemorySink(), config=settings)
    pipeline = get_active()
    assert pipeline is not None
    return pipeline._state._parts


def test_decoding_is_told_what_to_record_and_how_to_price_it() -> None:
    parts = start(
        capture={"request_headers": [" X-Team ", "X-Area"], "max_body_bytes": 99},
        instrument_inline_data=True,
        require=["user_id"],
        anthropic_config={"model_mappings": [{"model": "claude-x", "price_as_resource": "claude-y"}]},
    )
    options = parts.decode_options
    assert options.extra_request_headers == {"x-team", "x-area"}
    assert (options.keep_inline_data, options.required_fields) == (True, ("user_id",))
    assert [mapping.price_as_resource for mapping in options.model_mappings] == ["claude-y"]
    # The one to be warned about is none of those that have a price.
    assert parts.warnings._mappings == options.model_mappings
    pipeline = get_active()
    assert pipeline is not None and pipeline._body_limit == 99


def test_without_settings_decoding_records_what_is_usual() -> None:
    options = start().decode_options
    assert (options.extra_request_headers, options.keep_inline_data) == (frozenset(), False)
    assert (options.model_mappings, options.count_tokens, options.required_fields) == ((), None, ())


def test_the_log_is_quiet_for_as_long_as_the_settings_say() -> None:
    assert start(connection_error_logging_window=7).logs.delivery._seconds == 7


@pytest.mark.parametrize("usage", [True, False, "auto"])
def test_routes_are_told_whether_to_ask_for_usage(usage: Any) -> None:
    assert start(openai_config={"include_usage": usage}).routes._include_usage == usage


def test_another_registry_is_used_everywhere() -> None:
    registry = Registry([])
    logger = logging.getLogger("tests")
    pipeline = make_pipeline(check_config({}), None, logger, False, MemorySink(), None, registry=registry)
    parts = pipeline._state._parts
    assert parts.decode_options.registry is registry
    assert parts.routes.hosts.registry is registry
    assert parts.warnings._registry is registry
    assert parts.log_content is False
    pipeline.close(10)


def test_budgets_are_made_only_if_there_are_some(tmp_path: Any) -> None:
    assert start().make_budgets is None
    payi_uninstrument()
    budget = {"amount": 1, "period": "day"}
    parts = start(budgets={"all": budget}, budgets_file=str(tmp_path / "budgets.db"))
    assert parts.make_budgets is not None


def test_a_field_that_is_required_is_missed_and_counted() -> None:
    sink = MemorySink()
    start(sink, require=["user_id", "account_name"])
    with track_context(user_id="u"):
        call()
    assert payi_flush()
    assert payi_stats().missing_fields == {"account_name": 1}


@pytest.mark.parametrize(
    ("settings", "logger", "problem"),
    [
        (
            Settings(),
            5,
            "prompt_and_response_logger: expected a function of (request_id, data), got 5",
        ),
        (
            Settings(delivery=DeliverySettings(spool_directory="x")),
            print,
            "prompt_and_response_logger: can't be combined with config.delivery.spool_directory, because"
            " another process may deliver an event; leave out one of them",
        ),
    ],
)
def test_a_prompt_logger_that_cannot_be_used_is_refused(
    settings: Settings, logger: object, problem: str
) -> None:
    with pytest.raises(PayiConfigError) as wrong:
        prepare_settings(settings, logger)
    assert str(wrong.value) == problem
