"""Use cases as documents: their definitions, instances and scores, and the limit that an instance gets."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

import msgspec

from payi_transport.serve.documents import find_document, list_documents, put_document
from payi_transport.serve.items import BulkItem
from payi_transport.serve.limits import LimitDocument
from payi_transport.serve.write import EventWriter

__all__ = ["Definition", "Instance", "Kpi", "LimitConfig", "Score", "make_instance", "note_instance"]


class LimitConfig(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The limit that each new instance of a use case gets."""

    max: Decimal
    limit_type: str = "allow"
    properties: dict[str, str | None] | None = None
    threshold: Decimal | None = None


class Definition(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A use case."""

    name: str
    description: str
    type_version: int = 1
    limit_config: LimitConfig | None = None
    logging_enabled: bool | None = None
    properties: dict[str, str] = {}


class Kpi(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What instances of a use case are scored by."""

    name: str
    description: str
    kpi_type: str
    goal: float
    created_timestamp: datetime
    updated_timestamp: datetime


class Instance(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One run of a use case."""

    use_case_name: str
    use_case_id: str
    limit_id: str | None = None
    type_version: int = 1
    properties: dict[str, str] = {}


class Score(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The score of an instance for a KPI."""

    kpi_name: str
    kpi_type: str | None = None
    score: float | None = None
    create_timestamp: datetime
    update_timestamp: datetime


def make_instance(writer: EventWriter, definition: Definition, use_case_id: str, now: datetime) -> Instance:
    """Store an instance of a use case, with a limit of its own if the definition says so."""
    instance = Instance(
        use_case_name=definition.name, use_case_id=use_case_id, type_version=definition.type_version
    )
    config = definition.limit_config
    if config is not None:
        limit = LimitDocument(
            limit_id=str(uuid.uuid4()),
            limit_name=f"{definition.name}-{use_case_id}",
            limit_type=config.limit_type,
            max=config.max,
            threshold=config.threshold,
            created=now,
            updated=now,
            properties={
                name: value for name, value in (config.properties or {}).items() if value is not None
            },
        )
        instance.limit_id = limit.limit_id
        writer.limits.put(limit)
    put_document(writer.connection, instance, instance.use_case_name, instance.use_case_id)
    return instance


def note_instance(writer: EventWriter, item: BulkItem, now: datetime) -> None:
    """Add the limit of an event's instance to its limits; an instance that is new gets one.

    Only use cases with a limit for each instance need to be looked at.
    """
    if not (item.use_case_name and item.use_case_id):
        return
    if writer.limited_use_cases is None:
        definitions = list_documents(writer.connection, Definition)
        writer.limited_use_cases = {d.name: d for d in definitions if d.limit_config is not None}
    definition = writer.limited_use_cases.get(item.use_case_name)
    if definition is None:
        return
    instance = find_document(writer.connection, Instance, item.use_case_name, item.use_case_id)
    instance = instance or make_instance(writer, definition, item.use_case_id, now)
    if instance.limit_id:
        item.limit_ids = [*(item.limit_ids or ()), instance.limit_id]
