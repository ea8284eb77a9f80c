"""Real requests sessions, and Databricks's SDK on them: no difference is seen, and a call is one event."""

from __future__ import annotations

import concurrent.futures
import contextlib
import gc
import io
import json
import pickle
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import urllib3
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.service.serving import ChatMessage, ChatMessageRole

from payi_transport import MemorySink, payi_instrument, payi_stats, track_context
from tests.contract.replies import (
    ANSWERS,
    PATH,
    STREAM,
    UNARY,
    answer_of,
    block,
    events_of,
    go_through_proxy,
    observe,
    view_both,
)
from tests.exchanges import shown
from tests.origin import Answer, Origin

REQUEST = json.loads(UNARY.request)


def read_raw(response: requests.Response) -> list[bytes]:
    return [part for part in iter(lambda: response.raw.read(7), b"") if part]


def read_into(response: requests.Response) -> bytes:
    buffer = bytearray(1 << 16)
    return bytes(buffer[: response.raw.readinto(buffer)])


READERS: dict[str, Callable[[requests.Response], Any]] = {
    "content": lambda response: response.content,
    "text": lambda response: response.text,
    "iter_content": lambda response: list(response.iter_content(None)),
    "iter_content 7": lambda response: list(response.iter_content(7)),
    "iter_lines": lambda response: list(response.iter_lines()),
    "raw stream": lambda response: list(response.raw.stream(64, decode_content=True)),
    "raw lines": lambda response: list(response.raw),
    "raw read": lambda response: response.raw.read(),
    "raw read decoded": lambda response: response.raw.read(decode_content=True),
    "raw pieces": read_raw,
    "raw into": read_into,
    "raw read1": lambda response: b"".join(iter(response.raw.read1, b"")),
    "raw data": lambda response: response.raw.data,
    "pickled": lambda response: pickle.loads(pickle.dumps(response)).content,  # noqa: S301  # its own
    "buffered": lambda response: io.BufferedReader(response.raw, 16).read(),
}


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What a server waits for that has no more to say."""
    event = threading.Event()
    yield event
    event.set()


def post(
    url: str, read: Callable[[requests.Response], Any] = lambda response: response.content, **options: Any
) -> Any:
    with requests.Session() as session, session.post(f"{url}{PATH}", json=REQUEST, **options) as response:
        headers = {name: value for name, value in response.headers.items() if name != "Date"}
        return response.status_code, response.reason, headers, read(response), response.url


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_seen_alike_however_it_is_read(
    answer: str, reader: str, origin: Origin, sink: MemorySink
) -> None:
    case, made = ANSWERS[answer]
    without, within = view_both(origin, sink, made)(lambda: post(origin.url, READERS[reader], stream=True))
    assert within == without
    [event] = events_of(sink)
    assert shown(event, case.event) == case.event
    assert origin.received[0].body == origin.received[1].body
    assert origin.received[0].headers == origin.received[1].headers
    assert event.provider_request_json == origin.received[0].body.decode()


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_is_no_stream_is_read_as_before(answer: str, origin: Origin, sink: MemorySink) -> None:
    case, made = ANSWERS[answer]
    without, within = view_both(origin, sink, made)(lambda: post(origin.url))
    assert within == without
    assert shown(events_of(sink)[0], case.event) == case.event


def test_nothing_is_read_before_the_caller_does(
    never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(STREAM, hold=never)]
    observe(origin, sink)
    with requests.post(f"{origin.url}{PATH}", json=REQUEST, stream=True, timeout=30) as response:
        assert response.raw.tell() == 0
        lines = response.iter_lines()
        assert next(lines) + b"\n\n" == STREAM.chunks()[0]
        never.set()
        assert b"\n".join(lines).strip().endswith(b"[DONE]")
    assert shown(events_of(sink)[0], STREAM.event) == STREAM.event


@pytest.mark.parametrize("way", ["close", "leave", "release", "drop"])
def test_an_answer_that_is_left_early_is_one_partial_event(
    way: str, never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    def scenario() -> bytes:
        response = requests.post(f"{origin.url}{PATH}", json=REQUEST, stream=True, timeout=30)
        first: bytes = next(response.iter_lines())
        if way == "leave":
            with response:
                return first
        if way == "close":
            response.close()
        if way == "release":
            response.raw.close()
            response.raw.release_conn()
        return first

    without, within = view_both(origin, sink, answer_of(STREAM, hold=never))(scenario)
    gc.collect()
    assert within == without == STREAM.chunks()[0].strip()
    [event] = events_of(sink)
    assert event.properties == {"system.stream": "partial"}


FAILURES = {
    "cut": ("cut", 30.0, "ProtocolError"),
    "reset": ("reset", 30.0, "ProtocolError"),
    "silent": ("well", 0.3, "ReadTimeoutError"),
}
SIZE = {"content-length": "100000"}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("size", [{}, SIZE], ids=["chunked", "by length"])
def test_a_failure_while_reading_is_the_callers_and_one_event(
    failure: str,
    stream: bool,
    size: dict[str, str],
    never: threading.Event,
    origin: Origin,
    sink: MemorySink,
) -> None:
    end, timeout, name = FAILURES[failure]
    hold = never if end == "well" else None
    answer = Answer(STREAM.chunks(), headers={**STREAM.headers, **size}, end=end, hold=hold)
    without, within = view_both(origin, sink, answer)(
        lambda: post(origin.url, stream=stream, timeout=timeout)
    )
    assert within[0] is without[0]
    assert issubclass(within[0], requests.RequestException)
    [event] = events_of(sink)
    assert event.http_status_code == 200
    assert (event.properties or {})["system.failure"] == name
    assert (event.properties or {})["system.stream"] == "partial"


@pytest.mark.parametrize("failure", ["reset", "silent"])
def test_a_call_that_fails_raises_what_it_did_and_is_one_event(
    failure: str, never: threading.Event, origin: Origin, sink: MemorySink
) -> None:
    answer = Answer(end="reset") if failure == "reset" else Answer(hold=never)
    without, within = view_both(origin, sink, answer)(
        lambda: post(origin.url, timeout=0.3 if failure == "silent" else 30)
    )
    assert within[0] is without[0]
    [event] = events_of(sink)
    assert event.http_status_code == 299
    assert (event.properties or {})["system.failure"] == within[0].__name__
    assert event.resource == "gpt-4.1"


def test_what_cannot_be_decoded_is_the_callers_error_and_one_event(origin: Origin, sink: MemorySink) -> None:
    answer = Answer([b"no gzip"], headers={"content-encoding": "gzip"})
    without, within = view_both(origin, sink, answer)(lambda: post(origin.url))
    assert within == without
    assert within[0] is requests.exceptions.ContentDecodingError
    assert [event.http_status_code for event in events_of(sink)] == [200]


BODIES: dict[str, tuple[Callable[[], dict[str, Any]], str | None]] = {
    "bytes": (lambda: {"data": UNARY.request}, UNARY.request.decode()),
    "text": (lambda: {"data": UNARY.request.decode()}, UNARY.request.decode()),
    "form": (lambda: {"data": {"model": "gpt-4.1"}}, "model=gpt-4.1"),
    "files": (lambda: {"data": {"model": "m"}, "files": {"file": ("a.mp3", b"\x00\x01")}}, None),
    "file": (lambda: {"data": io.BytesIO(UNARY.request)}, None),
    "generator": (lambda: {"data": iter([UNARY.request]), "headers": {"content-length": "1"}}, None),
    "nothing": (dict, None),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_in_memory_is_recorded(body: str, origin: Origin, sink: MemorySink) -> None:
    make, recorded = BODIES[body]

    def scenario() -> Any:
        with contextlib.suppress(requests.RequestException):
            return requests.post(f"{origin.url}{PATH}", timeout=30, **make()).content

    view_both(origin, sink, answer_of(UNARY))(scenario)
    if body != "files":  # its boundary is another one each time
        assert origin.received[0].body == origin.received[1].body
    assert events_of(sink)[0].provider_request_json == recorded


def test_headers_may_be_any_mapping(origin: Origin, sink: MemorySink) -> None:
    origin.answers = [answer_of(UNARY)]
    observe(origin, sink)
    request = requests.Request("POST", f"{origin.url}{PATH}", json=REQUEST).prepare()
    plain: Any = {**request.headers, "User-Agent": "a program"}
    request.headers = plain
    with requests.Session() as session:
        session.send(request)
    headers = {header.name: header.value for header in events_of(sink)[0].provider_request_headers or ()}
    assert headers["user-agent"] == "a program"


def test_a_redirect_is_followed_to_one_event(origin: Origin, sink: MemorySink) -> None:
    moved = Answer([b"moved"], status=307, headers={"location": "/v2/chat/completions"})
    without, within = view_both(origin, sink, moved, moved, answer_of(UNARY))(lambda: post(origin.url))
    assert within == without
    [event] = events_of(sink)
    assert event.provider_uri == f"{origin.url}/v2/chat/completions"
    assert payi_stats().captured == 1


class Counting(requests.adapters.HTTPAdapter):
    """An adapter of a program's own, which sends through the one that it is derived from."""

    sent = 0

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        Counting.sent += 1
        return super().send(*args, **kwargs)


class Caching(requests.adapters.BaseAdapter):
    """An adapter that sends nothing."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = 200
        response.raw = io.BytesIO(UNARY.answer)
        return response

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(("adapter", "events"), [(Counting, 1), (Caching, 0)])
def test_adapters_of_a_programs_own_are_seen_where_they_send(
    adapter: type[requests.adapters.BaseAdapter], events: int, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(UNARY)]
    observe(origin, sink)
    with requests.Session() as session:
        session.mount("http://", adapter())
        assert session.post(f"{origin.url}{PATH}", json=REQUEST).content == UNARY.answer
    assert len(events_of(sink)) == events


def test_what_is_sent_again_below_is_one_event(origin: Origin, sink: MemorySink) -> None:
    busy = Answer([b"busy"], status=503, headers={"content-length": "4"})
    retry = urllib3.Retry(total=2, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    origin.answers = [busy, busy, answer_of(UNARY)]
    observe(origin, sink)
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
        assert session.post(f"{origin.url}{PATH}", json=REQUEST).content == UNARY.answer
    assert len(origin.received) == 3
    assert [event.http_status_code for event in events_of(sink)] == [200]


@pytest.mark.parametrize("path", [PATH, "/v1/models"])
def test_headers_that_say_whom_a_call_is_for_do_not_leave(
    path: str, origin: Origin, sink: MemorySink
) -> None:
    origin.answers = [answer_of(UNARY)]
    observe(origin, sink)
    with requests.Session() as session:
        session.headers["xProxy-User-ID"] = "user-7"
        response = session.post(f"{origin.url}{path}", json=REQUEST)
    assert response.request.headers["xproxy-user-id"] == "user-7"
    assert "xproxy-user-id" not in origin.received[0].headers
    assert origin.received[0].body == response.request.body
    assert [event.user_id for event in events_of(sink)] == (["user-7"] if path == PATH else [])


@pytest.mark.parametrize("path", [PATH, "/v1/models"])
def test_an_exception_names_the_request_of_the_caller(path: str, origin: Origin, sink: MemorySink) -> None:
    observe(origin, sink)
    origin.answers = [Answer(end="reset")]
    request = requests.Request("POST", f"{origin.url}{path}", headers={"xProxy-User-ID": "7"}).prepare()
    with requests.Session() as session, pytest.raises(requests.ConnectionError) as caught:
        session.send(request)
    assert caught.value.request is request


def test_a_host_that_is_not_observed_gets_every_header(origin: Origin, sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    origin.answers = [answer_of(UNARY)]
    requests.get(f"{origin.url}/elsewhere", headers={"xProxy-User-ID": "user-7"}, timeout=30)
    assert origin.received[0].headers["xproxy-user-id"] == "user-7"
    assert events_of(sink) == []


def test_in_proxy_mode_a_call_goes_through_pay_i(
    origin: Origin, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_through_proxy(origin, sink, monkeypatch)
    url = f"https://api.openai.com{PATH}?a=b"
    with requests.Session() as session, track_context(user_id="user-7"):
        request = requests.Request("POST", url, json=REQUEST, headers={"host": "api.openai.com"}).prepare()
        response = session.send(request)
    assert response.content == UNARY.answer
    assert response.request is request
    assert response.url == request.url == url
    [received] = origin.received
    assert received.path == f"/api/v1/proxy/openai{PATH}?a=b"
    assert received.body == request.body
    assert received.headers["host"] == origin.netloc
    assert received.headers["xproxy-api-key"] == "payi-key"
    assert received.headers["xproxy-user-id"] == "user-7"
    assert events_of(sink) == []


def test_a_call_whose_limit_is_blocked_is_refused(sink: MemorySink) -> None:
    block(sink, "budget")
    with track_context(limit_ids=["budget"]):
        response = requests.post(f"https://api.openai.com{PATH}", json=REQUEST, timeout=30)
    assert (response.status_code, response.reason) == (403, "Forbidden")
    assert response.json()["error"]["code"] == "limit_blocked"
    assert response.headers["content-type"] == "application/json"
    with pytest.raises(requests.HTTPError, match="403 Client Error: Forbidden"):
        response.raise_for_status()
    assert events_of(sink) == []


def test_a_hundred_calls_at_once_are_a_hundred_events(origin: Origin, sink: MemorySink) -> None:
    origin.answers = [answer_of(STREAM)]
    observe(origin, sink)

    def ask(number: int) -> bytes:
        body = {**REQUEST, "seed": number}
        with track_context(user_id=f"user-{number}"):
            response = requests.post(f"{origin.url}{PATH}", json=body, stream=True, timeout=60)
            return b"".join(response.iter_content(64))

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert list(pool.map(ask, range(100))) == [STREAM.answer] * 100
    events = events_of(sink)
    assert all(shown(event, ["units"]) == {"units": STREAM.event["units"]} for event in events)
    asked = {event.user_id: json.loads(event.provider_request_json or "")["seed"] for event in events}
    assert asked == {f"user-{number}": number for number in range(100)}


def ask_databricks(url: str, **options: Any) -> Any:
    client = WorkspaceClient(config=Config(host=url, token="dapi-secret", http_timeout_seconds=30))
    messages = [ChatMessage(role=ChatMessageRole.USER, content="Hello")]
    answer = client.serving_endpoints.query("my-endpoint", messages=messages, **options)
    return answer.as_dict()


def test_databricks_sdk_is_recorded(origin: Origin, sink: MemorySink) -> None:
    without, within = view_both(origin, sink, answer_of(UNARY))(lambda: ask_databricks(origin.url))
    assert within == without
    assert within["usage"]["total_tokens"] == 29
    [event] = events_of(sink)
    assert event.provider_uri == f"{origin.url}/serving-endpoints/my-endpoint/invocations"
    assert shown(event, ["units"]) == {"units": UNARY.event["units"]}
    assert event.resource == "my-endpoint"
    assert "dapi-secret" not in repr(event)


def test_an_error_of_databricks_is_the_sdks_own(origin: Origin, sink: MemorySink) -> None:
    error = Answer(
        [b'{"error_code":"BAD_REQUEST","message":"no"}'],
        status=400,
        headers={"content-type": "application/json"},
    )
    without, within = view_both(origin, sink, error)(lambda: ask_databricks(origin.url))
    assert within == without
    assert within == (within[0], "no")
    assert [event.http_status_code for event in events_of(sink)] == [400]


def test_the_library_is_hooked_when_a_program_imports_it() -> None:
    script = """
        import sys
        from payi_transport import MemorySink, payi_instrument, payi_uninstrument
        payi_instrument(sink=MemorySink())
        assert "requests" not in sys.modules and "urllib3" not in sys.modules
        import requests
        assert hasattr(requests.adapters.HTTPAdapter.send, "__wrapped__")
        payi_uninstrument()
        assert not hasattr(requests.adapters.HTTPAdapter.send, "__wrapped__")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
