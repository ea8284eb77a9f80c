"""OpenAI's jobs: batches and videos, which are asked for again and again until they are done.

Source: OpenAI's API reference and the types of its SDK 3.54. Their usage counts once, when it is told first;
that of a batch is billed as its service tier.
"""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.providers.openai.chat import describe_extras, find_extras, map_usage, read_failure
from payi_transport.providers.reading.counts import count
from payi_transport.providers.reading.json_values import decode, text
from payi_transport.providers.reading.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse, Units

__all__ = ["read_batch", "read_video"]


class _Job(msgspec.Struct):
    id: Any = None
    model: Any = None
    status: Any = None
    usage: Any = None
    error: Any = None
    seconds: Any = None
    size: Any = None


_job = msgspec.json.Decoder(_Job)


def read_batch(raw: RawResponse) -> ParsedResponse:
    """A batch; pending until its usage is there, which comes with its end."""
    job = _read(raw)
    usage = job.usage if isinstance(job.usage, dict) else {}
    units = map_usage(usage)
    counted = any(unit.input or unit.output for unit in units.values())
    return ParsedResponse(
        model=text(job.model),
        response_id=text(job.id),
        units=units,
        pending=not counted or job.status in ("in_progress", "finalizing", "cancelling"),
        properties=describe_extras("batch", find_extras(usage)),
    )


def read_video(raw: RawResponse) -> ParsedResponse:
    """A video; pending until it is made or failed. Billed by its seconds and its size."""
    job = _read(raw)
    seconds = count({"seconds": _to_number(job.seconds)}, "seconds") if job.status == "completed" else None
    return ParsedResponse(
        model=text(job.model),
        response_id=text(job.id),
        units={} if seconds is None else {"video": Units(output=seconds)},
        failure=read_failure(job.error) or (Failure(code="failed") if job.status == "failed" else None),
        pending=job.status not in ("completed", "failed"),
        properties=describe_extras(None, {"size": job.size}),
    )


def _read(raw: RawResponse) -> _Job:
    """The job; nothing of it where the body is not one."""
    return decode(_job, b"".join(data for _, data in raw.messages)) or _Job()


def _to_number(value: Any) -> Any:
    """A number that is written as a text."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
