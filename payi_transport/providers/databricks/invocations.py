"""Serving endpoints, which are called by name: models, and agents of the customer's own.

Source: https://docs.databricks.com/aws/en/machine-learning/model-serving/ and MLflow's types of agents. A
model returns a chat completion or embeddings. An agent returns a completion or a response in the shape of
the Responses API, and only the body shows which.
"""

from __future__ import annotations

from typing import Any

import msgspec

from payi_transport.providers.openai.chat import read_chat
from payi_transport.providers.openai.responses import read_response
from payi_transport.providers.openai.usage import map_total, map_usage
from payi_transport.providers.shared.json_values import decode
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse

__all__ = ["read_invocation"]


# Only the fields that tell the two shapes apart, so that looking costs little before the real reader parses
# the body.
class _Shape(msgspec.Struct):
    type: Any = None
    output: Any = None
    choices: Any = None
    data: Any = None


_shape = msgspec.json.Decoder(_Shape)


def read_invocation(raw: RawResponse) -> ParsedResponse:
    """Read the response of an endpoint, whatever it serves."""
    shapes = [decode(_shape, data) or _Shape() for _, data in raw.messages]
    if not any(map(_is_of_response, shapes)):
        # Embeddings have vectors in `data`, and a usage as in a chat.
        return read_chat(raw, map_total if any(isinstance(one.data, list) for one in shapes) else map_usage)
    parsed = read_response(raw)
    # An agent may leave out the status, and the final event of a stream. It can't be polled.
    return msgspec.structs.replace(parsed, finished=parsed.finished or raw.read_to_end, pending=False)


def _is_of_response(shape: _Shape) -> bool:
    """Whether a document is a response, or an event belongs to one."""
    is_event = isinstance(shape.type, str) and shape.type.startswith("response.")
    # A document of the Responses API has its items in `output`. A chat completion could have a field of
    # that name too, but always has `choices`.
    return is_event or (isinstance(shape.output, list) and shape.choices is None)
