"""Libraries that respond in place of a server: how to start each, and what it responds to."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from tests.instrumentations.calls import CHAT, HELLO, HTTP_CALLS, PLAIN, Call
from tests.support.wire_cases import UNARY

__all__ = ["MOCKS", "OPENAI", "Mock", "make_response_class"]

OPENAI = "https://api.openai.com"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com"
CONVERSED: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 7, "outputTokens": 9, "totalTokens": 16},
    "metrics": {"latencyMs": 1},
}
GUARDED: dict[str, Any] = {
    "modelId": "amazon.nova-lite-v1:0",
    "messages": HELLO,
    "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
}
Seen = Callable[[], Any]
# Mocks an address until its block ends, with files in a folder of the test's own. Its block gets what returns
# what the mock has seen so far.
Start = Callable[[str, Path], contextlib.AbstractContextManager[Seen]]


class Mock(NamedTuple):
    """A mock, and calls of one library that it responds to. Without a `url` they go to a real server."""

    module: str
    start: Start
    call: Call
    # The library whose real calls are made when the mock is gone.
    library: str
    url: str | None = OPENAI
    # How many calls are recorded, by which of the two was started first. A mock that takes the place of a
    # hooked method is only seen by a hook that is put on top of it.
    ours_first: int = 1
    theirs_first: int = 1


def _show(request: Any, body: Any) -> Any:
    # Those of AWS have the time and a signature.
    ours = {name: value for name, value in request.headers.items() if "amz-" not in name.lower()}
    ours.pop("Authorization", None)
    return request.method, str(getattr(request, "uri", None) or request.url), body, ours


@contextlib.contextmanager
def _aioresponses(url: str, folder: Path) -> Iterator[Seen]:
    options = {"repeat": True, "response_class": make_response_class()}
    with importlib.import_module("aioresponses").aioresponses() as mock:
        mock.post(url + CHAT, body=UNARY.response, **options)
        mock.post(url + PLAIN, body=b'"plain"', **options)
        yield lambda: [
            (str(url), *(call.kwargs for call in calls)) for (_, url), calls in mock.requests.items()
        ]


def make_response_class() -> type[Any]:
    """aioresponses 0.7.9 knows no `stream_writer`, which aiohttp 3.14 requires."""
    aiohttp: Any = importlib.import_module("aiohttp")
    required = {"stream_writer": SimpleNamespace(output_size=0)}
    known = inspect.signature(aiohttp.ClientResponse.__init__).parameters

    def init(response: Any, *args: Any, **options: Any) -> None:
        more = {name: value for name, value in required.items() if name in known}
        aiohttp.ClientResponse.__init__(response, *args, **more, **options)

    return type("Response", (aiohttp.ClientResponse,), {"__init__": init})


@contextlib.contextmanager
def _responses(url: str, folder: Path) -> Iterator[Seen]:
    with importlib.import_module("responses").RequestsMock() as mock:
        mock.post(url + CHAT, body=UNARY.response, content_type="application/json")
        mock.post(url + PLAIN, body=b'"plain"')
        yield lambda: [_show(call.request, call.request.body) for call in mock.calls]


@contextlib.contextmanager
def _requests_mock(url: str, folder: Path) -> Iterator[Seen]:
    with importlib.import_module("requests_mock").Mocker() as mock:
        mock.post(url + CHAT, content=UNARY.response, headers=UNARY.headers)
        mock.post(url + PLAIN, content=b'"plain"')
        yield lambda: [_show(request, request.body) for request in mock.request_history]


def _respx(mocker: str) -> Start:
    @contextlib.contextmanager
    def start(url: str, folder: Path) -> Iterator[Seen]:
        with importlib.import_module("respx").mock(using=mocker) as mock:
            mock.post(url + CHAT).respond(content=UNARY.response, headers=UNARY.headers)
            mock.post(url + PLAIN).respond(content=b'"plain"')
            yield lambda: [_show(call.request, call.request.content) for call in mock.calls]

    return start


@contextlib.contextmanager
def _pytest_httpx(url: str, folder: Path) -> Iterator[Seen]:
    """Run the fixture itself, so that it ends when the block does."""
    fixture: Any = importlib.import_module("pytest_httpx").httpx_mock.__wrapped__
    request = SimpleNamespace(node=SimpleNamespace(iter_markers=lambda name: ()))
    with pytest.MonkeyPatch.context() as monkeypatch:
        running = fixture(monkeypatch, request)
        mock = next(running)
        mock.add_response(url=url + CHAT, content=UNARY.response, headers=UNARY.headers, is_reusable=True)
        mock.add_response(url=url + PLAIN, content=b'"plain"', is_reusable=True)
        yield lambda: [_show(request, request.content) for request in mock.get_requests()]
        # Checks that nothing else was requested.
        next(running, None)


@contextlib.contextmanager
def _vcr(url: str, folder: Path) -> Iterator[Seen]:
    # The first start records it, and later ones replay it.
    vcr: Any = importlib.import_module("vcr")
    path = str(folder / "calls.yaml")
    with vcr.use_cassette(path, record_mode="once", allow_playback_repeats=True) as cassette:
        yield lambda: [_show(request, request.body) for request in cassette.requests]


@contextlib.contextmanager
def _moto(url: str, folder: Path) -> Iterator[Seen]:
    with importlib.import_module("moto").mock_aws():
        yield list


def _make_client(service: str, **options: Any) -> Any:
    import boto3

    keys: dict[str, Any] = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client(service, region_name="us-east-1", **keys, **options)


def _invoke(url: str) -> Any:
    """Call a model, and a service that is not one."""
    bedrock, tables = _make_client("bedrock-runtime"), _make_client("dynamodb")
    output = bedrock.invoke_model(modelId="amazon.nova-lite-v1:0", body=json.dumps({"messages": HELLO}))
    return output["body"].read().decode(), tables.list_tables()["TableNames"]


def _stub(url: str) -> Any:
    """Call what a Stubber responds to, which compares the parameters with what the test expects."""
    stubber: Any = importlib.import_module("botocore.stub").Stubber
    bedrock, tables = _make_client("bedrock-runtime"), _make_client("dynamodb")
    with stubber(bedrock) as model, stubber(tables) as other:
        model.add_response("converse", CONVERSED, GUARDED)
        other.add_response("list_tables", {"TableNames": ["table"]}, {"Limit": 1})
        output = bedrock.converse(**GUARDED)["output"], tables.list_tables(Limit=1)["TableNames"]
        model.assert_no_pending_responses()
    return output


@contextlib.contextmanager
def _nothing(url: str, folder: Path) -> Iterator[Seen]:
    yield list


def _post_json(url: str) -> Any:
    import aiohttp

    async def post(path: str) -> Any:
        question = {"model": "gpt-4.1", "messages": HELLO}
        async with aiohttp.ClientSession() as session, session.post(url + path, json=question) as response:
            return await response.text()

    return [asyncio.run(post(path)) for path in (CHAT, PLAIN)]


def _make(start: Start, library: str, module: str, **options: Any) -> Mock:
    return Mock(module, start, HTTP_CALLS[library], library, **options)


MOCKS: dict[str, Mock] = {
    "aioresponses": _make(_aioresponses, "aiohttp", "aioresponses", ours_first=0),
    "aioresponses json": Mock("aioresponses", _aioresponses, _post_json, "aiohttp", ours_first=0),
    "vcr aiohttp json": Mock("vcr", _vcr, _post_json, "aiohttp", url=None, ours_first=0),
    "responses": _make(_responses, "requests", "responses", ours_first=0),
    "requests-mock": _make(_requests_mock, "requests", "requests_mock", ours_first=0, theirs_first=0),
    "respx": _make(_respx("httpx"), "httpx", "respx"),
    "respx async": _make(_respx("httpx"), "httpx async", "respx"),
    "respx of httpcore": _make(_respx("httpcore"), "httpx", "respx"),
    "respx of httpcore async": _make(_respx("httpcore"), "httpx async", "respx"),
    "pytest-httpx": _make(_pytest_httpx, "httpx", "pytest_httpx"),
    "pytest-httpx async": _make(_pytest_httpx, "httpx async", "pytest_httpx"),
    **{
        f"vcr {library}": _make(_vcr, library, "vcr", url=None, ours_first=int(library != "aiohttp"))
        for library in ("httpx", "httpx async", "httpx2", "httpx2 async", "requests", "aiohttp", "boto3")
    },
    "moto": Mock("moto", _moto, _invoke, "boto3", url=BEDROCK, ours_first=0, theirs_first=0),
    "Stubber": Mock("botocore", _nothing, _stub, "boto3", url=BEDROCK, ours_first=0, theirs_first=0),
}
