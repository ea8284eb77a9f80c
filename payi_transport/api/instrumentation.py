"""What one call of `payi_instrument()` sets up, built and checked before anything in the process changes."""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import Any, NamedTuple, cast

from payi_transport.api.arguments import InstrumentArguments, resolve
from payi_transport.api.child_start import ChildStart
from payi_transport.config.sources import Sources, load_sources
from payi_transport.config.types import PayiInstrumentConfig
from payi_transport.config.validation import check_config, check_instruments, check_switch
from payi_transport.context.frame import Frame
from payi_transport.pipeline.assembly import (
    MissingKeyError,
    make_base_frame,
    make_pipeline,
    prepare_settings,
)
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.runtime.run_start import find_run_start
from payi_transport.sinks.configured import CONFIGURED_SINKS
from payi_transport.sinks.protocol import Sink

__all__ = ["CONCERNS_OTHERS", "Instrumentation", "build", "build_for_test"]

# The keys of the config that have to do with more than recording a call: other addresses, files, functions.
CONCERNS_OTHERS = frozenset(
    {
        "budgets",
        "delivery",
        "enforce_limits",
        "on_limit",
        "proxy",
        "sinks",
        *(sink.config_section for sink in CONFIGURED_SINKS),
    }
)


class Instrumentation(NamedTuple):
    """An active pipeline with what was set beside it.

    `config` is that of all sources together, and `resolved` the meaning of the arguments, to compare those
    of a later call with. `payi-transport run` starts a `provisional` one, which the program's own call
    replaces. `child_start` is None if children are left alone.
    """

    pipeline: Pipeline
    base_frame: Frame
    record_unscoped: bool
    logger: logging.Logger
    config: PayiInstrumentConfig
    resolved: dict[str, object]
    provisional: bool = False
    child_start: ChildStart | None = None


def build(
    arguments: InstrumentArguments, logger: logging.Logger, use_case_name: str
) -> Instrumentation | None:
    """Return what to activate, None without an API key where the config allows that.

    Raises PayiConfigError for arguments that can't be used, and PayiError without a key.
    """
    sources = _load_config(arguments, logger)
    arguments = arguments._replace(config=cast(PayiInstrumentConfig, sources.config))
    if arguments.instruments is not None:
        # The argument takes the place of the key, so what is wrong with it is not from there.
        sources.origins.pop("instruments", None)
    try:
        with sources.named():
            built = _build(arguments, logger, use_case_name)
    except MissingKeyError:
        if check_config(cast("dict[str, Any]", arguments.config)).required:
            raise
        return None
    if check_switch("children", arguments.children):
        built = built._replace(child_start=ChildStart(arguments, use_case_name, find_run_start()))
    return built


def build_for_test(
    sink: Sink, config: PayiInstrumentConfig | None, logger: logging.Logger, use_case_name: str
) -> Instrumentation:
    """Return what records as `config` says, and reports to `sink` alone. Raises PayiConfigError."""
    arguments = InstrumentArguments(config=config, sink=sink)
    sources = _load_config(arguments, logger)
    kept: Any = {key: value for key, value in sources.config.items() if key not in CONCERNS_OTHERS}
    with sources.named():
        return _build(arguments._replace(config=kept), logger, use_case_name)


def _load_config(arguments: InstrumentArguments, logger: logging.Logger) -> Sources:
    return load_sources(arguments.config, os.environ, partial(logger.warning, "payi_transport: %s"))


def _build(arguments: InstrumentArguments, logger: logging.Logger, use_case_name: str) -> Instrumentation:
    config: Any = arguments.config
    resolved = resolve(arguments)
    log_content = check_switch("log_prompt_and_response", arguments.log_prompt_and_response)
    settings = check_config(config)
    # Off if anyone says so. The argument is True by default, so a True says nothing.
    log_content = log_content and settings.log_prompt_and_response
    settings = prepare_settings(settings, arguments.prompt_and_response_logger)
    instruments = settings.instruments if arguments.instruments is None else arguments.instruments
    pipeline = make_pipeline(
        settings,
        check_instruments(instruments),
        logger,
        log_content,
        arguments.sink,
        arguments.payi,
        arguments.prompt_and_response_logger,
    )
    base_frame = make_base_frame(settings, use_case_name)
    return Instrumentation(pipeline, base_frame, settings.global_instrumentation, logger, config, resolved)
