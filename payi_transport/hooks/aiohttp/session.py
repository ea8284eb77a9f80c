"""aiohttp: https://docs.aiohttp.org

`ClientSession._request` is hooked because every request of a session passes through it once, whatever is
redirected or retried inside.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from itertools import chain
from typing import TYPE_CHECKING, Any

from payi_transport.capture.rewrites import BlockedResponse, HookAbilities, RequestRewrite
from payi_transport.hooks.aiohttp.blocked import build_blocked_response
from payi_transport.hooks.aiohttp.body import record_body
from payi_transport.hooks.aiohttp.sockets import make_ws_connect
from payi_transport.hooks.arguments import peek, read
from payi_transport.hooks.call import Address, Call, Library, begin, encode_headers, pair_headers
from payi_transport.hooks.methods import MethodHook
from payi_transport.hooks.multipart import find_name, read_body, write_form
from payi_transport.values.headers import Headers

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    _Request = Callable[..., Awaitable[ClientResponse]]

__all__ = ["HOOK"]

# The content codings that aiohttp decodes while it parses.
_DECODED = frozenset({"gzip", "deflate", "br", "zstd"})
# The rewrite of the request that this task is about to send. Some of its headers come from the session, so
# the rewrite is applied where the session puts them together.
_rewriting: ContextVar[RequestRewrite | None] = ContextVar("payi_transport_rewrite", default=None)


def _make_request(original: _Request) -> _Request:
    # Mocks and wrappers may inspect the options, so theirs stay as they are. aiohttp accepts either form.
    is_own = getattr(original, "__globals__", None) is vars(_aiohttp())
    library = _LIBRARY if is_own else _LIBRARY._replace(read=_read_copy)

    async def request(session: Any, method: str, str_or_url: Any, **options: Any) -> ClientResponse:
        call, sent = begin(library, session, method, str_or_url, options)
        if isinstance(sent, BlockedResponse):
            return await build_blocked_response(
                session, method, session._build_url(str_or_url), options, sent
            )
        url, rewrite = (str_or_url, None) if sent is None else sent
        _rewriting.set(rewrite)
        try:
            response = await original(session, method, url, **options)
        except BaseException as exc:
            if call is not None:
                _record_status(call, exc)
                call.fail(exc)
            raise
        finally:
            _rewriting.set(None)
        if call is not None:
            call.respond(_attach, session, options, response)
        return response

    return request


def _make_prepare_headers(original: Callable[..., Any]) -> Callable[..., Any]:
    def prepare_headers(session: Any, headers: Any) -> Any:
        prepared, rewrite = original(session, headers), _rewriting.get()
        if rewrite is not None:
            for name in rewrite.without:
                prepared.popall(name.decode(), None)
            for name, value in pair_headers(rewrite.headers):
                prepared[name.decode()] = value.decode()
            if rewrite.base is not None:
                # Without this header, aiohttp derives it from the new URL.
                prepared.popall("host", None)
        return prepared

    return prepare_headers


def _locate(session: Any, method: str, str_or_url: Any, options: Any) -> Address | None:
    try:
        url = session._build_url(str_or_url)
        return _to_address(method, url)
    except (TypeError, ValueError, AttributeError):
        return None  # The session will raise the same error to the caller.


def _to_address(method: str, url: Any) -> Address | None:
    host = url.raw_host
    if host is None:
        return None
    port = None if url.is_default_port() else url.port
    return Address(method.upper(), url.scheme, host, port, url.raw_path)


HOOK = MethodHook(
    "aiohttp.client",
    "ClientSession",
    _prepare_headers=_make_prepare_headers,
    _request=_make_request,
    _ws_connect=make_ws_connect(_locate),
)


def _aiohttp() -> Any:
    return sys.modules[HOOK.name]


def _read(
    session: Any, method: str, str_or_url: Any, options: dict[str, Any]
) -> tuple[Headers, bytes | None]:
    """Return the headers, without those that aiohttp adds later, and the body if it is in memory."""
    headers = encode_headers(read(session._prepare_headers, peek(options, "headers")).items())
    if options.get("data") is None and options.get("json") is not None:
        _serialize(session, options)
    data = options.get("data")
    if isinstance(data, str):
        return headers, data.encode("utf-8", "replace")
    fields = _find_fields(data)
    if fields:
        return headers, write_form(fields)
    body = getattr(data, "_value", data)
    return headers, read_body(body) if isinstance(body, bytes) else None


def _read_copy(
    session: Any, method: str, str_or_url: Any, options: dict[str, Any]
) -> tuple[Headers, bytes | None]:
    # An iterator has to be left for the session in the options themselves.
    return _read(session, method, str_or_url, {**options, "headers": peek(options, "headers")})


def _find_fields(data: Any) -> list[tuple[str, str | bytes | None]]:
    """Return the fields of a form that aiohttp is about to encode. The value of a file is None."""
    parts = getattr(data, "_parts", None)
    if isinstance(parts, list):
        return [read for part, *_ in parts if (read := _read_part(part)) is not None]
    fields = getattr(data, "_fields", None)
    if isinstance(data, Mapping):
        fields = [({"name": str(name)}, {}, value) for name, value in data.items()]
    if not isinstance(fields, list):
        return []
    return [
        (options["name"], value if isinstance(value, str) and "filename" not in options else None)
        for options, _, value in fields
    ]


def _read_part(part: Any) -> tuple[str, bytes | None] | None:
    """Return the name and the value of a part of a MultipartWriter, None for a part without a name."""
    name = find_name(part.headers.get("content-disposition", ""))
    value = getattr(part, "_value", None)
    if name is None:
        return None
    return name, value if isinstance(value, bytes) and not part.filename else None


def _rewrite(
    rewrite: RequestRewrite, session: Any, method: str, str_or_url: Any, options: Any
) -> tuple[Any, RequestRewrite]:
    """Return the URL to request, and the rewrite, which is still to be applied to the headers."""
    if rewrite.base is None:
        return str_or_url, rewrite
    url = session._build_url(str_or_url)
    # A session with a base URL may not accept any other. Then this raises, and nothing has been sent yet.
    return session._build_url(type(url)(rewrite.base + url.raw_path_qs, encoded=True)), rewrite


# Responses end in a callback of the event loop, which must not block.
_LIBRARY = Library(_locate, _read, _rewrite, HookAbilities(rewrites_responses=False, may_wait=False))


def _serialize(session: Any, options: dict[str, Any]) -> None:
    """Serialize `json` as the session would, and pass on the result, so that it is done only once."""
    payload = _aiohttp().payload
    to_bytes = getattr(session, "_json_serialize_bytes", None)
    try:
        if to_bytes is not None:
            options["data"] = payload.JsonBytesPayload(options["json"], dumps=to_bytes)
        else:
            options["data"] = payload.JsonPayload(options["json"], dumps=session.json_serialize)
    except Exception:
        return  # The session will raise the same error to the caller.
    del options["json"]


def _record_status(call: Call, exc: Any) -> None:
    """Record the status of a response that was turned into an exception, as by `raise_for_status`."""
    # An invalid HTTP response raises the same class of error, but with a cause.
    if type(exc) is _aiohttp().ClientResponseError and exc.__cause__ is None:
        headers = encode_headers((exc.headers or {}).items())
        call.request.start_response(exc.status, headers).fail(exc)


def _attach(call: Call, session: Any, options: Any, response: ClientResponse) -> None:
    redirects = 300 <= response.status < 400 and "location" in response.headers
    address = _to_address(response.method, response.url)
    # A redirected call is routed by the address that it ended at.
    route = call.find_route(address) if response.history else call.request.route
    if redirects or route is None:
        call.request.discard()
        return
    whole = response._body  # Set if a middleware has read the body.
    open_response = call.request.start_response(
        response.status,
        tuple(chain.from_iterable(response.raw_headers)),
        decoded=whole is not None or _is_decoded(session, options, response),
        request_headers=encode_headers(response.request_info.headers.items()),
        route=route,
    )
    if whole is not None:
        open_response.append(whole)
        open_response.finish()
    else:
        record_body(response.content, open_response)


def _is_decoded(session: Any, options: Any, response: ClientResponse) -> bool:
    """Return whether the bytes in the reader's buffer have been decoded."""
    decodes = options.get("auto_decompress")
    coding = response.headers.get("content-encoding", "").lower()
    return coding in _DECODED and bool(session.auto_decompress if decodes is None else decodes)
