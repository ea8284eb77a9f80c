"""Check a configuration as a whole, before the program that it is for starts.

Afterwards nobody is left to refuse it: a program that `payi-transport run` starts runs in any case.
"""

from __future__ import annotations

from collections.abc import Iterator

from payi_transport.config.categories import find_category_problems
from payi_transport.config.mappings import collect_host_mappings, collect_model_mappings
from payi_transport.config.schema import OfflineSettings, Settings
from payi_transport.config.sources import Sources
from payi_transport.config.validation import check_config, check_instruments
from payi_transport.pipeline.assembly import find_account, make_proxy
from payi_transport.pipeline.sinks import prepare_spool
from payi_transport.sinks.bucket_stores import check_url
from payi_transport.sinks.configured import PAYI, find_sink_names, find_sink_section, make_configured_sink
from payi_transport.sinks.nats_servers import parse_server
from payi_transport.values.accepted import NAME_RULES

__all__ = ["check_here", "check_sources", "find_doubts"]


def check_sources(sources: Sources) -> Settings:
    """Return the settings of a configuration that may be for another machine. Raises PayiConfigError."""
    with sources.named():
        settings = check_config(sources.config)
        check_instruments(settings.instruments)
        collect_host_mappings(settings)
        collect_model_mappings(settings)
        for name in _list_sinks(settings):
            find_sink_section(name, settings)
        if settings.bucket is not None:
            check_url(settings.bucket)
        for server in settings.nats.servers if settings.nats is not None else ():
            parse_server(server)
    return settings


def check_here(sources: Sources, *, prepares: bool = True) -> Settings:
    """Return the settings of a program that starts on this machine, with its files and directories.

    The directory of the spool is made, unless nothing `prepares` for a start. Raises PayiConfigError.
    """
    settings = check_sources(sources)
    with sources.named():
        if prepares and settings.delivery.spool_directory is not None:
            prepare_spool(settings.delivery.spool_directory)
        if settings.proxy:
            make_proxy(settings, find_account(None))
        for name in _list_sinks(settings):
            # A file without a name gets one when it is made, which is when the program starts.
            if find_sink_section(name, settings) != OfflineSettings():
                make_configured_sink(name, settings).close()
    return settings


def _list_sinks(settings: Settings) -> list[str]:
    return [name for name in find_sink_names(settings) if name != PAYI]


def find_doubts(settings: Settings) -> Iterator[str]:
    """Yield what is allowed, and probably not meant."""
    yield from find_category_problems(settings)
    for field, rule in NAME_RULES.items():
        value = getattr(settings, field)
        for name in [value] if isinstance(value, str) else value or ():
            # An empty value clears the field.
            if name and not rule.accepts(name):
                text = f"{field}: {name!r} may be refused: Pay-i accepts {rule.text} here"
                yield f"{text}. It would be sent as {rule.correct(name)!r}"
