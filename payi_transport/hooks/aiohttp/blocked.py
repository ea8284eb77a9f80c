"""Building the aiohttp response to a request that is not sent.

aiohttp has no public way to construct a response, so its private attributes are set. It has a real reader, so
the caller can read it in any way.
"""

from __future__ import annotations

import inspect
import sys
from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from payi_transport.capture.rewrites import BlockedResponse
from payi_transport.hooks.call import pair_headers

if TYPE_CHECKING:
    from aiohttp import ClientResponse

__all__ = ["build_blocked_response"]


async def build_blocked_response(
    session: Any, method: str, url: Any, options: dict[str, Any], blocked: BlockedResponse
) -> ClientResponse:
    """Return or raise what the session would if a server had sent this response."""
    headers = _freeze(blocked.headers)
    response = _make_response(session, method.upper(), url)
    response.status, response.reason = blocked.status, HTTPStatus(blocked.status).phrase
    response._headers, response._raw_headers = headers, tuple(pair_headers(blocked.headers))
    response.content = _make_reader(blocked.body)
    raises = options.get("raise_for_status")
    # The end of `ClientSession._request`, which is not reached here, does the same.
    raises = session._raise_for_status if raises is None else raises
    if callable(raises):
        await raises(response)
    elif raises:
        response.raise_for_status()
    built: ClientResponse = response
    return built


def _freeze(headers: tuple[bytes, ...]) -> Any:
    # Not imported here, because aiohttp may not be installed. Where a session exists, it has been imported.
    multidict = sys.modules["multidict"]
    pairs = [(name.decode(), value.decode()) for name, value in pair_headers(headers)]
    return multidict.CIMultiDictProxy(multidict.CIMultiDict(pairs))


def _make_response(session: Any, method: str, url: Any) -> Any:
    """Return a response of the session's class. Its constructor takes other arguments in each version."""
    cls = session._response_class
    arguments = {
        "writer": None,
        "continue100": None,
        "timer": None,
        "request_info": sys.modules["aiohttp"].RequestInfo(url, method, _freeze(()), url),
        "traces": [],
        "loop": sys.modules["asyncio"].get_running_loop(),
        "session": session,
        "stream_writer": SimpleNamespace(output_size=0),
    }
    accepted = inspect.signature(cls).parameters
    return cls(method, url, **{name: value for name, value in arguments.items() if name in accepted})


def _make_reader(body: bytes) -> Any:
    streams, loop = sys.modules["aiohttp.streams"], sys.modules["asyncio"].get_running_loop()
    protocol = sys.modules["aiohttp.base_protocol"].BaseProtocol(loop)
    reader = streams.StreamReader(protocol, limit=1 << 16, loop=loop)
    reader.feed_data(body)
    reader.feed_eof()
    return reader
