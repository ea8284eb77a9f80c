"""Say which model served a call, where that is not the model that the call is priced as.

A router, a deployment or an alias stands for a model that only the response names. Its name is no content,
and without it nobody could price the call later. A date or a version at the end of a name makes no other
model.
"""

from __future__ import annotations

from functools import lru_cache

from payi_transport.values.event import ParsedResponse
from payi_transport.values.names import SERVED_MODEL_PROPERTY
from payi_transport.values.patterns import lazy_compile

__all__ = ["describe_served_model"]

# A server may write anything in the place of a name.
_LONGEST = 200
# The makers and regions in the ids of Bedrock and in the resources of Google, such as `us.anthropic.`.
_MAKERS = lazy_compile(r"(?:[a-z][a-z0-9-]*\.)+(?=[a-z])")
# What ends the name of a version: `-v1:0` at Bedrock, a date, a number of at least three digits, an alias.
_VERSION = lazy_compile(r"(?:-v\d+(?::\d+)*|[-:](?:\d{4}-\d\d-\d\d|\d{3,8}|latest))+\Z")


def describe_served_model(response: ParsedResponse, resource: str) -> dict[str, str]:
    """Return the property that names the model which served a call, {} if it is the one that is priced."""
    served = response.resource or response.model
    if not served or _identify(served[:_LONGEST]) == _identify(resource[:_LONGEST]):
        return {}
    return {SERVED_MODEL_PROPERTY: served[:_LONGEST]}


# A program uses few models, and names them with every call.
@lru_cache(maxsize=1024)
def _identify(name: str) -> str:
    """Return the name of a model without its maker, its host, and its version."""
    name = name.lower().rpartition("/")[2].replace("@", "-")
    made = _MAKERS.match(name)
    return _VERSION.sub("", name[made.end() :] if made else name)
