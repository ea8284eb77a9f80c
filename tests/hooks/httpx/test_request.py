"""Requests of httpx and httpx2: what is read of them, and copies that leave the caller's own alone."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from payi_transport.capture.rewrites import RequestRewrite
from payi_transport.hooks.httpx.family import bind
from payi_transport.hooks.httpx.installed import get_family
from payi_transport.hooks.httpx.request import (
    copy_request,
    find_packer,
    find_parts,
    keep_headers,
    read_headers,
    read_request_body,
)
from payi_transport.values.headers import flatten
from tests.hooks.scripted import every_module
from tests.support.calls import URL


class PublicURL:
    """A URL of which only what is documented is left."""

    def __init__(self, url: Any) -> None:
        self.scheme, self.raw_host, self.port, self.raw_path = (
            url.scheme,
            url.raw_host,
            url.port,
            url.raw_path,
        )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (URL, ("https", "api.openai.com", None, "/v1/chat/completions")),
        ("http://LOCALHOST:8080?key=1", ("http", "localhost", 8080, "/")),
        ("https://bücher.example:443/ä b?c#d", ("https", "xn--bcher-kva.example", None, "/%C3%A4%20b")),
        ("https://[::1]:9/v1", ("https", "::1", 9, "/v1")),
        ("/relative", ("", "", None, "/relative")),
    ],
)
@every_module
def test_an_address_is_the_same_from_the_documented_properties(
    text: str, address: tuple[object, ...], module: Any
) -> None:
    url = module.URL(text)
    scheme, _, host, port, path, _, _ = url._uri_reference
    assert (scheme, host, port, path or "/") == find_parts(PublicURL(url)) == address


@pytest.mark.parametrize(
    "rows",
    [None, [], [(b"A", b"b")], [("A", "a", "b")]],
    ids=["of another type", "none", "pairs", "text"],
)
@every_module
def test_headers_of_a_version_that_keeps_them_in_another_way_are_read_in_the_documented_way(
    rows: Any, module: Any
) -> None:
    def make_other_headers(pairs: Any) -> Any:
        return SimpleNamespace(_list=rows, raw=pairs)

    headers = module.Headers([(b"A", b"1"), (b"b", b"\xff"), (b"a", b"2")])
    family: Any = SimpleNamespace(pack=find_packer(SimpleNamespace(Headers=make_other_headers)))
    message = SimpleNamespace(headers=headers)
    assert keep_headers(family, message) == (b"A", b"1", b"b", b"\xff", b"a", b"2")
    assert read_headers(bind(module), message) == keep_headers(family, message)


@every_module
def test_headers_of_another_class_are_read_in_the_documented_way(module: Any) -> None:
    message = SimpleNamespace(headers=SimpleNamespace(raw=[(b"A", b"1")]))
    assert keep_headers(bind(module), message) == (b"A", b"1")


@every_module
def test_headers_that_are_kept_stay_as_they_were_when_the_caller_changes_its_own(module: Any) -> None:
    request = module.Request("GET", URL, headers=[(b"A", b"1")])
    kept = keep_headers(bind(module), request)
    request.headers["a"] = "2"
    assert flatten(kept)[-2:] == (b"A", b"1")
    assert flatten(keep_headers(bind(module), module.Response(200))) == ()


@every_module
def test_a_body_is_read_where_it_is_in_memory(module: Any) -> None:
    family = get_family(module.__name__)
    assert read_request_body(family, module.Request("POST", URL, content=b"abc")) == b"abc"
    assert read_request_body(family, module.Request("GET", URL)) == b""
    assert read_request_body(family, module.Request("POST", URL, content=iter([b"abc"]))) is None


@every_module
@pytest.mark.parametrize("is_read", [False, True])
def test_the_fields_of_a_form_are_read_and_its_files_named(module: Any, is_read: bool) -> None:
    request = module.Request(
        "POST",
        URL,
        data={"model": "whisper-1", "prompt": "ä".encode(), "bad": b"\xff"},
        files={"file": ("a.wav", b"RIFF" * 100_000)},
    )
    if is_read:
        # As an authentication that signs the body does, or an event hook that logs it.
        request.read()
    body = read_request_body(get_family(module.__name__), request)
    assert json.loads(body or b"") == {
        "model": "whisper-1",
        "prompt": "ä",
        "bad": "\N{REPLACEMENT CHARACTER}",
        "file": "<not_instrumented>",
    }


@every_module
def test_a_copy_that_asks_for_usage_asks_for_an_uncompressed_response(module: Any) -> None:
    family = get_family(module.__name__)
    request = module.Request("POST", URL, content=b"abc", extensions={"timeout": 3})
    rewrite = RequestRewrite(body=b"longer", plain=True)
    sent = copy_request(family, request, rewrite)
    assert (sent.content, sent.headers["content-length"], sent.headers["accept-encoding"]) == (
        b"longer",
        "6",
        "identity",
    )
    assert (sent.method, sent.url, sent.extensions["timeout"]) == ("POST", request.url, 3)
    assert (request.content, request.headers["content-length"]) == (b"abc", "3")
    del request.headers["content-length"]
    assert "content-length" not in copy_request(family, request, rewrite).headers


@every_module
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-A", "1"), ("x-a", "2"), ("Content-Length", "3"), ("Accept-Encoding", "gzip")],
        [("accept-encoding", "gzip"), ("x-a", "1"), ("Accept-Encoding", "br")],
        [(b"X-Name", "Zoë".encode())],
        [(b"X-Name", b"Zo\xeb")],
        [("Transfer-Encoding", "chunked")],
    ],
    ids=["httpx's own", "of the caller", "twice", "UTF-8", "Latin-1", "without a length"],
)
def test_the_headers_of_a_stream_that_is_asked_for_its_usage_are_those_that_httpx_would_make(
    module: Any, headers: list[Any]
) -> None:
    request = module.Request("POST", URL, content=b"abc", headers=headers)
    before = list(request.headers.raw)
    expected = module.Headers(request.headers.raw, encoding="utf-8")
    if "content-length" in expected:
        expected["content-length"] = "6"
    expected["accept-encoding"] = "identity"
    rewrite = RequestRewrite(body=b"longer", plain=True)
    sent = copy_request(get_family(module.__name__), request, rewrite).headers
    assert (sent.raw, sent.encoding, type(sent)) == (expected.raw, "utf-8", module.Headers)
    sent["accept-encoding"] = "br"
    assert request.headers.raw == before


@every_module
@pytest.mark.parametrize("shape", [None, 2], ids=["gone", "of another shape"])
def test_headers_that_are_kept_in_another_way_are_rewritten_by_their_methods(
    module: Any, shape: int | None
) -> None:
    class Other(module.Headers):  # type: ignore[misc]  # one of two modules
        def __getattribute__(self, name: str) -> Any:
            # Only the methods of the class itself may use what it keeps.
            if name != "_list" or sys._getframe(1).f_globals["__name__"].startswith(module.__name__):
                return super().__getattribute__(name)
            if shape is None:
                raise AttributeError(name)
            return [row[:shape] for row in super().__getattribute__(name)]

    request = module.Request("POST", URL, content=b"abc")
    request.headers = Other(request.headers)
    sent = copy_request(get_family(module.__name__), request, RequestRewrite(body=b"longer", plain=True))
    assert sent.headers["content-length"] == "6"
    assert sent.headers["accept-encoding"] == "identity"


@every_module
def test_a_copy_is_what_the_caller_made_and_shares_nothing_that_changes(module: Any) -> None:
    class Traced(module.Request):  # type: ignore[misc]  # one of two modules
        trace = "none"

    request = Traced("POST", URL, content=b"abc")
    request.trace = "t-1"
    sent = copy_request(get_family(module.__name__), request, RequestRewrite(body=b"longer"))
    assert (type(sent), sent.trace) == (Traced, "t-1")
    sent.trace = "t-2"
    sent.headers["x-own"] = "1"
    assert (request.trace, "x-own" in request.headers, request.content) == ("t-1", False, b"abc")


@every_module
def test_a_copy_may_go_elsewhere_with_other_headers(module: Any) -> None:
    request = module.Request("POST", URL, content=b"abc", headers={"x-a": "1", "X-B": "2", "x-c": "3"})
    rewrite = RequestRewrite(
        base="https://api.pay-i.com/x",
        headers=(b"X-A", b"4", b"x-d", "ü".encode()),
        without=frozenset({b"x-b"}),
    )
    sent = copy_request(get_family(module.__name__), request, rewrite)
    assert str(sent.url) == f"https://api.pay-i.com/x{request.url.raw_path.decode()}"
    assert sent.headers["host"] == "api.pay-i.com"
    assert {name: value for name, value in sent.headers.items() if name.startswith("x-")} == {
        "x-a": "4",
        "x-c": "3",
        "x-d": "ü",
    }
    assert (str(request.url), request.headers["x-b"]) == (URL, "2")


@every_module
@pytest.mark.parametrize(("base", "target"), [("https://api.pay-i.com/x", None), (None, b"/a//b")])
def test_a_copy_that_goes_elsewhere_has_its_own_url_in_the_request_line(
    module: Any, base: str | None, target: bytes | None
) -> None:
    extensions = {"target": b"/a//b", "timeout": 3}
    request = module.Request("POST", URL, extensions=extensions)
    sent = copy_request(get_family(module.__name__), request, RequestRewrite(base=base))
    assert (sent.extensions.get("target"), sent.extensions["timeout"]) == (target, 3)
    assert request.extensions == extensions


BODIES: dict[str, Any] = {
    "in memory": {"content": b"abc"},
    "none": {},
    "a form": {"data": {"a": "b"}, "files": {"file": ("a.wav", b"RIFF")}},
    "streamed": {},
}


@every_module
@pytest.mark.parametrize("body", BODIES)
def test_a_copy_has_the_body_of_the_callers(module: Any, body: str) -> None:
    options = {"content": iter([b"abc"])} if body == "streamed" else BODIES[body]
    request = module.Request("POST", URL, headers={"x-own": "1"}, **options)
    sent = copy_request(get_family(module.__name__), request, RequestRewrite(without=frozenset({b"x-own"})))
    assert hasattr(sent, "_content") == (body in ("in memory", "none"))
    assert sent.read() == (b"abc" if body == "streamed" else request.read())
