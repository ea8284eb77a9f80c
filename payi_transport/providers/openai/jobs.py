"""Jobs: batches and videos, which callers poll until they are done.

Source: https://platform.openai.com/docs/api-reference/batch, its page on videos, and the types of OpenAI's
SDK 3.54. A job stays pending until a poll reports its usage or its end, so it makes one event however often
it is polled. The requests in a batch have a price of their own, which the service tier `batch` says. Some
hosts don't report the usage of a batch: then it is missing, unless none of its requests was completed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.providers.openai.usage import find_extras, map_usage
from payi_transport.providers.shared.counts import count
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.failures import read_failure
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse, Units

__all__ = ["read_batch", "read_video"]

# Requests that were completed before a batch expired or was cancelled are billed.
_UNFINISHED = frozenset({"in_progress", "finalizing", "cancelling"})
_ENDS = frozenset({"completed", "expired", "cancelled"})


class _Job(msgspec.Struct):
    id: Any = None
    model: Any = None
    status: Any = None
    usage: Any = None
    request_counts: Any = None
    error: Any = None
    seconds: Any = None
    size: Any = None


_job = msgspec.json.Decoder(_Job)


def read_batch(raw: RawResponse) -> ParsedResponse:
    """Read a batch. It is pending until it reports usage, which happens when it ends, or ends without."""
    job = _read(raw)
    usage = job.usage if isinstance(job.usage, dict) else {}
    units = map_usage(usage)
    # The usage may be there before it is filled in, so zeros are none.
    counted = any(unit.input or unit.output for unit in units.values())
    status = text(job.status)
    requests = job.request_counts if isinstance(job.request_counts, dict) else {}
    return ParsedResponse(
        model=text(job.model),
        response_id=text(job.id),
        units=units if counted else {},
        # Counts are final only once the status is. An unknown one is, if it has counts.
        pending=status in _UNFINISHED or not (counted or status in _ENDS),
        # The batch itself doesn't state a tier, but its requests cost half of the usual price.
        properties=describe_extras("batch", find_extras(usage)),
        has_usage=count(requests, "completed") == 0,
    )


def read_video(raw: RawResponse) -> ParsedResponse:
    """Read a video. It is pending until it completes or fails, and billed by its seconds and size."""
    job = _read(raw)
    # Only a completed video is billed.
    seconds = count({"seconds": job.seconds}, "seconds") if job.status == "completed" else None
    return ParsedResponse(
        model=text(job.model),
        response_id=text(job.id),
        units={} if seconds is None else {"video": Units(output=seconds)},
        failure=read_failure(job.error) or (Failure(code="failed") if job.status == "failed" else None),
        # Any unknown status counts as pending: a poll costs nothing, and an event that is sent can't be
        # taken back.
        pending=job.status not in ("completed", "failed"),
        properties=describe_extras(None, {"size": job.size}),
    )


def _read(raw: RawResponse) -> _Job:
    """Return the job, an empty one if the body can't be read."""
    # Jobs are never streams, so joining the messages gives back the body as it was.
    return decode(_job, b"".join(data for _, data in raw.messages)) or _Job()
