"""Endpoints as rows: how one is called, the request that this is, and the answer. Run in every world."""

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
from payi_transport.client.calls import Options
from payi_transport.pagination import AsyncCursorPage, SyncCursorPage
from tests.origin import CannedResponse, Origin, Received

__all__ = ["WORLDS", "Row", "check_empty_path_parameters", "check_parameters", "check_request_and_answer"]

_JSON = {"content-type": "application/json"}
# Making one takes longer than a test.
_CONTEXT = ssl.create_default_context()


@dataclass(frozen=True)
class Row:
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


def check_request_and_answer(row: Row, world: str, origin: Origin) -> None:
    """The request arrives as the row says, and its answer is given back, whichever world asks."""
    origin.answers = [
        CannedResponse([b"" if row.answer is None else json.dumps(row.answer).encode()], headers=_JSON)
    ]
    value = WORLDS[world](row, origin)
    [received] = origin.received
    assert f"{received.method} {received.path}" == row.request
    assert (json.loads(received.body) if received.body else None) == row.body
    assert _missing_headers(row, received) == {}
    assert _shown(value) == (None if row.kind is None else _without_none(row.answer))
    _check_kind(row, value)


def check_empty_path_parameters(row: Row, origin: Origin) -> None:
    """Nothing is sent where a parameter of the path is empty or would lead elsewhere."""
    path = row.request.partition("?")[0].split("/")
    names = [name for name, value in row.arguments.items() if quote(str(value), safe="") in path]
    with _connect(origin.url) as client:
        method = _find(client, row.call)
        for name in names:
            with pytest.raises(ValueError, match=rf"Expected a non-empty value for `{name}` but received ''"):
                method(**{**row.arguments, name: ""})
            with pytest.raises(ValueError, match=rf"`{name}`: '\.\.' can't be part of a path"):
                method(**{**row.arguments, name: ".."})
    assert not origin.received


def check_parameters(rows: list[Row], owner: Any, call: str) -> None:
    """Some row gives each parameter that an endpoint has, and `first` is the only one by position."""
    *_, name = call.split(".")
    build = inspect.getattr_static(owner, name).build
    signature = inspect.signature(build)
    *named, more = [parameter for parameter in signature.parameters.values() if parameter.name != "self"]
    [keys] = get_args(get_type_hints(build)[more.name])
    given = {argument for row in rows if row.call == call for argument in row.arguments}
    firsts = {row.first for row in rows if row.call == call and row.first}
    assert {
        parameter.name for parameter in named
    } | keys.__annotations__.keys() == given | Options.__annotations__.keys()
    assert {p.name for p in named if p.kind is p.POSITIONAL_OR_KEYWORD} == firsts


def _missing_headers(row: Row, received: Received) -> dict[str, str]:
    wanted = {
        "xproxy-api-key": "k",
        "accept": "application/json",
        "user-agent": "payi_transport",
        **({"content-type": "application/json"} if row.body is not None else {}),
        **row.headers,
    }
    got = {name: value.encode("latin-1").decode() for name, value in received.headers.items()}
    assert ("content-type" in got) == (row.body is not None)
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


def _check_kind(row: Row, value: Any) -> None:
    if isinstance(value, SyncCursorPage | AsyncCursorPage):
        value = value.items
    if row.kind is None:
        assert value is None
    for item in value if isinstance(value, list) else [] if value is None else [value]:
        assert type(item) is row.kind
        assert not item.unknown_fields
        msgspec.convert(msgspec.to_builtins(item.to_dict()), row.kind)


def _find(start: Any, call: str) -> Callable[..., Any]:
    for name in call.split("."):
        start = getattr(start, name)
    return start  # type: ignore[no-any-return]


def _turn(call: str, world: str) -> str:
    """The call by way of its own resource in another world."""
    *resource, method = call.split(".")
    return ".".join((*resource, world, method))


def _split(row: Row) -> tuple[list[Any], dict[str, Any]]:
    """The arguments, the first one by position."""
    named = dict(row.arguments)
    return [named.pop(row.first)] if row.first else [], named


def _connect(url: str) -> Payi:
    return Payi(api_key="k", base_url=url, http_client=httpx.Client(verify=_CONTEXT))


def _connect_async(url: str) -> AsyncPayi:
    return AsyncPayi(api_key="k", base_url=url, http_client=httpx.AsyncClient(verify=_CONTEXT))


def _ask(row: Row, origin: Origin) -> Any:
    positional, named = _split(row)
    with _connect(origin.url) as client:
        return _find(client, row.call)(*positional, **named)


def _ask_raw(row: Row, origin: Origin) -> Any:
    with _connect(f"{origin.url}/") as client:
        response = _find(client.with_raw_response, row.call)(**row.arguments)
        assert response.is_closed and response.status_code == 200
        return response.parse()


def _ask_streaming(row: Row, origin: Origin) -> Any:
    with _connect(origin.url) as client:
        with _find(client, _turn(row.call, "with_streaming_response"))(**row.arguments) as response:
            assert not response.is_closed
            value = response.parse()
        assert response.is_closed
        return value


async def _ask_async(row: Row, origin: Origin) -> Any:
    async with _connect_async(origin.url) as client:
        return await _find(client, row.call)(**row.arguments)


async def _ask_async_raw(row: Row, origin: Origin) -> Any:
    positional, named = _split(row)
    async with _connect_async(origin.url) as client:
        response = await _find(client, _turn(row.call, "with_raw_response"))(*positional, **named)
        assert response.is_closed and response.status_code == 200
        return await response.parse()


async def _ask_async_streaming(row: Row, origin: Origin) -> Any:
    async with _connect_async(origin.url) as client:
        async with _find(client.with_streaming_response, row.call)(**row.arguments) as response:
            assert not response.is_closed
            value = await response.parse()
        assert response.is_closed
        return value


WORLDS: Mapping[str, Callable[[Row, Origin], Any]] = {
    "sync": _ask,
    "sync raw": _ask_raw,
    "sync streaming": _ask_streaming,
    "async": lambda row, origin: anyio.run(_ask_async, row, origin),
    "async raw": lambda row, origin: anyio.run(_ask_async_raw, row, origin),
    "async streaming": lambda row, origin: anyio.run(_ask_async_streaming, row, origin),
}
