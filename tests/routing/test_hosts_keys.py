"""Keys of host mappings: any spelling is the same host, and anything else is an error."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.routing.hosts import HostPattern, parse_address, parse_host

HOST = "my-workspace.example.com"

SPELLINGS: list[Any] = [
    "my-workspace.example.com",
    "MY-Workspace.Example.COM",
    "  my-workspace.example.com\n",
    "my-workspace.example.com/",
    "my-workspace.example.com.",
    "my-workspace.example.com/redirect?to=https://other.example",
    "my-workspace.example.com/serving-endpoints?o=1#x",
    "//my-workspace.example.com/",
    "https://my-workspace.example.com",
    "https://my-workspace.example.com/",
    "HTTPS://MY-WORKSPACE.EXAMPLE.COM/Path",
    "http://my-workspace.example.com/a/b/?c=d",
    "https://user:secret@my-workspace.example.com/",
    "https://my-workspace.example.com:443/",
    "http://my-workspace.example.com:80",
    "my-workspace.example.com:443",
    "my-workspace.example.com:80",
    "https://my-workspace.example.com:",
    httpx.URL("https://my-workspace.example.com/serving-endpoints/"),
    httpx.URL("HTTPS://My-Workspace.example.com:443"),
    httpx2.URL("https://my-workspace.example.com/serving-endpoints/"),
    httpx2.URL("http://my-workspace.example.com:80"),
]


@pytest.mark.parametrize("key", SPELLINGS, ids=repr)
def test_every_spelling_of_a_key_is_the_same_host(key: object) -> None:
    assert parse_host(key) == HostPattern(HOST, None)


@pytest.mark.parametrize(
    "key",
    [
        "my-workspace.example.com:8443",
        "https://my-workspace.example.com:8443/v1/",
        "MY-WORKSPACE.example.com:8443/v1",
        httpx.URL("https://my-workspace.example.com:8443"),
        httpx2.URL("http://my-workspace.example.com:8443/"),
    ],
    ids=repr,
)
def test_a_port_that_was_given_is_kept(key: object) -> None:
    assert parse_host(key) == HostPattern(HOST, 8443)


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        ("https://h.test:80", HostPattern("h.test", 80)),
        ("http://h.test:443", HostPattern("h.test", 443)),
        ("*.example.com", HostPattern("*.example.com", None)),
        ("*.Example.COM:8443/", HostPattern("*.example.com", 8443)),
        ("https://*.example.com/", HostPattern("*.example.com", None)),
        ("localhost", HostPattern("localhost", None)),
        ("localhost:11434", HostPattern("localhost", 11434)),
        ("127.0.0.1:8000", HostPattern("127.0.0.1", 8000)),
        ("http://[::1]:8000/v1", HostPattern("::1", 8000)),
        ("[2001:DB8::1]", HostPattern("2001:db8::1", None)),
        ("under_score.internal", HostPattern("under_score.internal", None)),
        ("bücher.example", HostPattern("xn--bcher-kva.example", None)),
        ("https://BÜCHER.example/", HostPattern("xn--bcher-kva.example", None)),
        ("*.bücher.example", HostPattern("*.xn--bcher-kva.example", None)),
        (httpx.URL("https://bücher.example"), HostPattern("xn--bcher-kva.example", None)),
        (httpx2.URL("https://bücher.example"), HostPattern("xn--bcher-kva.example", None)),
    ],
    ids=repr,
)
def test_ports_wildcards_addresses_and_other_alphabets(key: object, pattern: HostPattern) -> None:
    assert parse_host(key) == pattern


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        "/",
        "*",
        "*.",
        "*.*.example.com",
        "a.*.example.com",
        "*example.com",
        "https://",
        "https:///path",
        "a b",
        "exa\nmple.com",
        "exa\tmple.com",
        "-a.example.com",
        "a-.example.com",
        "a..example.com",
        ".example.com",
        "example.com..",
        "exa$mple.com",
        "a%6D.example.com",
        "[::1",
        "[::zz]",
        "a:b:c",
        "example.com:port",
        "example.com:99999",
        "example.com:-1",
        "ftp://example.com",
        "example.com://x",
        "a℀b.example.com",
        "\u00ad.example.com",
        "a" * 64 + ".example.com",
        "a." * 130 + "com",
        None,
        3,
        b"example.com",
        ("example.com",),
    ],
    ids=repr,
)
def test_what_cannot_be_a_host_is_an_error_with_the_key(key: object) -> None:
    with pytest.raises(ValueError, match="is not a host") as error:
        parse_host(key)
    assert repr(key) in str(error.value)


@given(st.text() | st.text(alphabet="ab.*:/[]@%-1é", max_size=20))
def test_any_text_is_a_host_or_an_error(text: str) -> None:
    try:
        pattern = parse_host(text)
    except ValueError:
        return
    assert pattern.host.isascii()
    assert parse_host(str(pattern) if ":" not in pattern.host else f"[{pattern.host}]").host == pattern.host


def test_a_pattern_reads_as_its_key() -> None:
    assert str(HostPattern("*.example.com", None)) == "*.example.com"
    assert str(HostPattern("h.test", 8000)) == "h.test:8000"
    assert str(HostPattern("::1", 8000)) == "[::1]:8000"
    assert str(HostPattern("::1", None)) == "[::1]"


@pytest.mark.parametrize(
    ("key", "is_host"),
    [
        ("a" * 63 + ".test", True),
        ("a" * 64 + ".test", False),
        ("a." * 126 + "a", True),
        ("a." * 126 + "ab", False),
        ("h.test:65535", True),
        ("h.test:65536", False),
    ],
    ids=lambda value: str(value)[-12:],
)
def test_a_host_may_be_as_long_as_dns_allows(key: str, is_host: bool) -> None:
    if is_host:
        parse_host(key)
    else:
        with pytest.raises(ValueError, match="is not a host"):
            parse_host(key)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("h.test", ""),
        ("h.test/", ""),
        ("h.test/A/b/", "/a/b"),
        ("https://h.test//a///b?x=/c#d", "/a/b"),
        ("h.test/a%20b", "/a%20b"),
        ("h.test/a\u00fc", "/a%c3%bc"),
        ("h.test/:@!$&'()*+,;=~-._", "/:@!$&'()*+,;=~-._"),
        (httpx.URL("https://h.test/a/"), "/a"),
    ],
    ids=str,
)
def test_the_path_of_a_key_is_spelled_as_on_the_wire(key: object, path: str) -> None:
    host, found = parse_address(key)
    assert (host, found.lower()) == (HostPattern("h.test", None), path)


@pytest.mark.parametrize(
    ("key", "reason"),
    [("h.test:99999", "(Port out of range 0-65535)"), ("[::1", "(Invalid IPv6 URL)")],
)
def test_the_error_of_a_key_says_what_is_wrong_with_it(key: str, reason: str) -> None:
    with pytest.raises(ValueError, match="is not a host") as error:
        parse_host(key)
    assert str(error.value) == f"{key!r} is not a host {reason}"
