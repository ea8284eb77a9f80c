"""Endpoints as cases: how one is called, the request that this is, and the answer. Run in every surface."""

from __future__ import annotations

import inspect
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints
from urllib.parse import quote

import anyio
import httpx
import msgspec
import pytest

from payi_transport import AsyncPayi, Payi
from payi_transport.client.request import RequestOptions
from payi_transport.pagination import AsyncCursorPage, SyncCursorPage
from tests.origin import CannedResponse, Origin, Received

__all__ = [
    "SURFACES",
    "EndpointCase",
    "check_empty_path_parameters",
    "check_parameters",
    "check_request_and_answer",
]

_JSON = {"content-type": "application/json"}
# Making one takes longer than a test.
_CONTEXT = ssl.create_default_context()


@dataclass(frozen=True)
class EndpointCase:
    """`call` on the client with `arguments` is `request` with `body` and `headers`, and answers `answer`.

    `first` may be given by position. `kind` is the type of the answer, of its items where it is a list, and
    None where the answer says nothing.
    """

    call: str
    request: str
    kind: Any
    answer: Any
    arguments: Mapping[str, Any] = field(default_factory=dict)
    first: str | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.call}({', '.join(self.arguments)})"


def check_request_and_answer(case: EndpointCase, surface: str, origin: Origin) -> None:
    """The request arrives as the case says, and its answer is given back, whichever surface asks."""
    origin.answers = [
        CannedResponse([b"" if case.answer is None else json.dumps(case.answer).encode()], headers=_JSON)
    ]
    value = SURFACES[surface](case, origin)
    [received] = origin.received
    assert f"{received.method} {received.path}" == case.request
    assert (json.loads(received.body) if received.body else None) == case.body
    assert _missing_headers(case, received) == {}
    assert _shown(value) == (None if case.kind is None else _without_none(case.answer))
    _check_kind(case, value)


def check_empty_path_parameters(case: EndpointCase, origin: Origin) -> None:
    """Nothing is sent where a parameter of the path is empty or would lead elsewhere."""
    path = case.request.partition("?")[0].split("/")
    names = [name for name, value in case.arguments.items() if quote(str(value), safe="") in path]
    with _connect(origin.url) as client:
        method = _find(client, case.call)
        for name in names:
            with pytest.raises(ValueError, match=rf"Expected a non-empty value for `{name}` but received ''"):
                method(**{**case.arguments, name: ""})
            with pytest.raises(ValueError, match=rf"`{name}`: '\.\.' can't be part of a path"):
                method(**{**case.arguments, name: ".."})
    assert not origin.received


def check_parameters(cases: list[EndpointCase], owner: Any, call: str) -> None:
    """Some case gives each parameter that an endpoint has, and `first` is the only one by position."""
    *_, name = call.split(".")
    build = inspect.getattr_static(owner, name).build
    signature = inspect.signature(build)
    *named, more = [parameter for parameter in signature.parameters.values() if parameter.name != "self"]
    [keys] = get_args(get_type_hints(build)[more.name])
    given = {argument for case in cases if case.call == call for argument in case.arguments}
    firsts = {case.first for case in cases if case.call == call and case.first}
    assert {
        parameter.name for parameter in named
    } | keys.__annotations__.keys() == given | RequestOptions.__annotations__.keys()
    assert {p.name for p in named if p.kind is p.POSITIONAL_OR_KEYWORD} == firsts


def _missing_headers(case: EndpointCase, received: Received) -> dict[str, str]:
    wanted = {
        "xproxy-api-key": "k",
        "accept": "application/json",
        "user-agent": "payi_transport",
        **({"content-type": "application/json"} if case.body is not None else {}),
        **case.headers,
    }
    got = {name: value.encode("latin-1").decode() for name, value in received.headers.items()}
    assert ("content-type" in got) == (case.body is not None)
    assert {name for name in got if name.startswith("xproxy-")} <= set(wanted)
    return {name: value for name, value in wanted.items() if got.get(name) != value}


def _shown(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return value if value is None else msgspec.to_builtins(value.to_dict())


def _without_none(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    return value


def _check_kind(case: EndpointCase, value: Any) -> None:
    if isinstance(value, SyncCursorPage | AsyncCursorPage):
        value = value.items
    if case.kind is None:
        assert value is None
    for item in value if isinstance(value, list) else [] if value is None else [value]:
        assert type(item) is case.kind
        assert not item.unknown_fields
        msgspec.convert(msgspec.to_builtins(item.to_dict()), case.kind)


def _find(start: Any, call: str) -> Callable[..., Any]:
    for name in call.split("."):
        start = getattr(start, name)
    return start  # type: ignore[no-any-return]


def _on_surface(call: str, surface: str) -> str:
    """The call by way of its own resource in another surface."""
    *resource, method = call.split(".")
    return ".".join((*resource, surface, method))


def _split(case: EndpointCase) -> tuple[list[Any], dict[str, Any]]:
    """The arguments, the first one by position."""
    named = dict(case.arguments)
    return [named.pop(case.first)] if case.first else [], named


def _connect(url: str) -> Payi:
    return Payi(api_key="k", base_url=url, http_client=httpx.Client(verify=_CONTEXT))


def _connect_async(url: str) -> AsyncPayi:
    return AsyncPayi(api_key="k", base_url=url, http_client=httpx.AsyncClient(verify=_CONTEXT))


def _ask(case: EndpointCase, origin: Origin) -> Any:
    positional, named = _split(case)
    with _connect(origin.url) as client:
        return _find(client, case.call)(*positional, **named)


def _ask_raw(case: EndpointCase, origin: Origin) -> Any:
    with _connect(f"{origin.url}/") as client:
        response = _find(client.with_raw_response, case.call)(**case.arguments)
        assert response.is_closed and response.status_code == 200
        return response.parse()


def _ask_streaming(case: EndpointCase, origin: Origin) -> Any:
    with _connect(origin.url) as client:
        with _find(client, _on_surface(case.call, "with_streaming_response"))(**case.arguments) as response:
            assert not response.is_closed
            value = response.parse()
        assert response.is_closed
        return value


async def _ask_async(case: EndpointCase, origin: Origin) -> Any:
    async with _connect_async(origin.url) as client:
        return await _find(client, case.call)(**case.arguments)


async def _ask_async_raw(case: EndpointCase, origin: Origin) -> Any:
    positional, named = _split(case)
    async with _connect_async(origin.url) as client:
        response = await _find(client, _on_surface(case.call, "with_raw_response"))(*positional, **named)
        assert response.is_closed and response.status_code == 200
        return await response.parse()


async def _ask_async_streaming(case: EndpointCase, origin: Origin) -> Any:
    async with _connect_async(origin.url) as client:
        async with _find(client.with_streaming_response, case.call)(**case.arguments) as response:
            assert not response.is_closed
            value = await response.parse()
        assert response.is_closed
        return value


SURFACES: Mapping[str, Callable[[EndpointCase, Origin], Any]] = {
    "sync": _ask,
    "sync raw": _ask_raw,
    "sync streaming": _ask_streaming,
    "async": lambda case, origin: anyio.run(_ask_async, case, origin),
    "async raw": lambda case, origin: anyio.run(_ask_async_raw, case, origin),
    "async streaming": lambda case, origin: anyio.run(_ask_async_streaming, case, origin),
}
