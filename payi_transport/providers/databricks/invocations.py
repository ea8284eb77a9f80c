"""Databricks' serving endpoints, which are invoked by their name: models, and agents of the customer's own.

Source: Databricks' documentation of model serving, and MLflow's types of agents. A model answers with a chat
completion, an agent with that or with a response; the body tells.
"""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.providers.openai.chat import read_chat
from payi_transport.providers.openai.responses import read_response
from payi_transport.providers.reading.json_values import decode
from payi_transport.providers.reading.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse

__all__ = ["read_invocation"]


class _Shape(msgspec.Struct):
    type: Any = None
    output: Any = None
    choices: Any = None


_shape = msgspec.json.Decoder(_Shape)


def read_invocation(raw: RawResponse) -> ParsedResponse:
    """What an endpoint answers, whatever it serves."""
    if not any(_is_of_response(data) for _, data in raw.messages):
        return read_chat(raw)
    answer = read_response(raw)
    # An agent may tell no status, nor end its stream with the whole response, and is not asked again.
    return msgspec.structs.replace(answer, finished=answer.finished or raw.read_to_end, pending=False)


def _is_of_response(data: bytes) -> bool:
    """Whether a document is a response, or an event one of a response's."""
    shape = decode(_shape, data) or _Shape()
    is_event = isinstance(shape.type, str) and shape.type.startswith("response.")
    return is_event or (isinstance(shape.output, list) and shape.choices is None)
